// SPDX-License-Identifier: Apache-2.0
// What a machine's slab caches hold, for who looks: under the kernel's names, in its order of
// /proc/slabinfo as far as they are told apart.

package import UAPI

extension Machine {
  package var slabs: [SlabUse] {
    SlabKind.allCases.compactMap { memory.slabUse(of: $0) }
  }
}

extension Memory {
  /// nil for a cache that this kernel has not got.
  fileprivate func slabUse(of kind: SlabKind) -> SlabUse? {
    let sizes = profile.objects
    // What is charged for an object is 8 bytes more than its size.
    let (name, charged): (String, Int) =
      switch kind {
      case .treeNode: ("radix_tree_node", sizes.treeNode)
      case .dentry: ("dentry", sizes.dentry)
      case .inode: ("ext4_inode_cache", sizes.inode)
      case .file: ("filp", sizes.structFile)
      case .shmemInode: ("shmem_inode_cache", sizes.shmemInode)
      case .inodeSecurity: ("lsm_inode_cache", sizes.inodeSecurity + 8)
      }
    if charged <= 8 { return nil }
    var use = slabs.use(of: kind, name: name, objectSize: charged - 8)
    switch kind {
    case .treeNode: use.unused = node.counters[.workingset_nodes]
    case .dentry:
      use.unused = unused { $0.dentries.count }
      use.negative = names.negative
    case .inode: use.unused = unused { $0.inodes.count }
    default: break
    }
    return use
  }

  private func unused(_ count: (NameLists) -> Int) -> Int {
    tree.all.reduce(0) { $0 + count(names.lists($1.number, .files).pointee) }
  }
}
