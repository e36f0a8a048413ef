// SPDX-License-Identifier: Apache-2.0
// A cache of kernel objects, as far as it has moved since boot.

package struct SlabUse: Sendable, Equatable {
  /// The kernel's own name, such as "dentry".
  package var name: String
  /// Bytes of an object, and objects in a slab.
  package var objectSize: Int
  package var perSlab: Int
  /// Objects in use that came since boot; what boot left in use is not told apart.
  package var objects: Int
  /// Objects free in slabs.
  package var free: Int
  /// Pages of slabs taken since boot and not given back.
  package var pages: Int
  /// Objects that a shrinker may free: nobody uses them.
  package var unused: Int
  /// Of a cache of names: those that say that there is no such file.
  package var negative: Int

  package init(
    name: String, objectSize: Int, perSlab: Int, objects: Int, free: Int, pages: Int,
    unused: Int = 0, negative: Int = 0
  ) {
    self.name = name
    self.objectSize = objectSize
    self.perSlab = perSlab
    self.objects = objects
    self.free = free
    self.pages = pages
    self.unused = unused
    self.negative = negative
  }
}
