// SPDX-License-Identifier: Apache-2.0
// What machine { … } asks of whoever makes machines.

import Testing
import UAPI

@Suite struct MachineFieldTests {
  @Test func aMachineInWordsIsAskedFor() throws {
    let s = Scenario(
      """
      machine {
        kernel = "5.10", memory = "1.5 GiB", files = { data = "8K" }, seed = 7,
        disks = { ssd = { read_ahead = "256 KiB" } }, swap = { size = "512M" },
        sysctl = { ["vm.min_free_kbytes"] = 8192 },
      }
      """)
    let request = try #require(s.requests.first)
    #expect(request.like == nil && request.kernel == "5.10" && request.seed == 7)
    #expect(request.nodes.map(\.memory) == [Bytes(1536 << 20)])
    #expect(request.nodes.map(\.cpus) == [1])
    #expect(request.files.map(\.size) == [2])
    #expect(request.disk?.name == "ssd" && request.disk?.readAheadPages == 64)
    #expect(request.swap?.size == Bytes(512 << 20))
    #expect(request.sysctls.map(\.value) == [8192])
  }

  @Test func withoutFieldsItIsAGibibyte() throws {
    let request = try #require(Scenario("machine()").requests.first)
    #expect(request.nodes == Scenario("machine {}").requests.first?.nodes)
    #expect(request.nodes.map(\.memory) == [Bytes(1 << 30)])
    #expect(request.kernel == nil && request.seed == nil && request.defaultSeed == 1)
  }

  @Test func nodesAreAskedForOneByOne() throws {
    let s = Scenario("machine { nodes = { { cpus = 4, memory = '2 GiB' }, { memory = '1G' } } }")
    let request = try #require(s.requests.first)
    #expect(request.nodes.map(\.cpus) == [4, 1])
    #expect(request.nodes.map(\.memory) == [Bytes(2 << 30), Bytes(1 << 30)])
  }

  @Test func noSwapCanBeAskedFor() throws {
    #expect(Scenario("machine { like = 'toy.json', swap = false }").requests[0].withoutSwap)
    #expect(!Scenario("machine { like = 'toy.json' }").requests[0].withoutSwap)
  }

  @Test(arguments: [
    (
      "memory = '4 GiB', nodes = {}", "machine: memory and nodes say the same; use one of them"
    ),
    (
      "like = 'toy.json', memory = '4 GiB'",
      "machine: field 'memory' cannot stand beside like, which says it"
    ),
    (
      "nodes = { { cpus = 1 } }",
      "bad field 'memory' in node 0 of the machine: expected a size such as \"4 GiB\", got nothing"
    ),
    (
      "nodes = { 4 }", "bad field 'nodes' in machine: expected a table for each node, got 4"
    ),
    (
      "nodes = {}",
      "bad field 'nodes' in machine: expected a list of nodes, { { memory = \"4 GiB\" "
        + "} }, got no node"
    ),
    (
      "cpus = 4",
      "machine: field 'cpus' belongs to a node: nodes = { { cpus = 1, memory = \"4 GiB\" } }"
    ),
    (
      "memory = '4096'",
      "bad field 'memory' in machine: expected a size such as \"768 MiB\", got "
        + "\"4096\", which has no unit"
    ),
    (
      "disks = { nvme = { latency = '80 us' } }",
      "disk 'nvme': field 'latency' comes with timed disks; a \"pmem\" takes as long "
        + "as the copy does"
    ),
    (
      "disks = { nvme = { kind = 'null' } }",
      "disk 'nvme': file systems on devices of kind null are not built; built: pmem"
    ),
    (
      "disks = { a = {}, b = {} }",
      "disks of the machine: 2 disks: several are not built yet, expected 1"
    ),
    (
      "sysctl = { ['vm.swappiness'] = 201 }",
      "bad field 'vm.swappiness' in sysctl of the machine: expected a whole number "
        + "from 0 to 200, got 201, to which the kernel says EINVAL"
    ),
    (
      "sysctl = { ['vm.dirty_ratio'] = 10 }",
      "sysctl of the machine: 'vm.dirty_ratio' cannot be changed; what this machine "
        + "follows is vm.swappiness, vm.page-cluster, vm.min_free_kbytes, "
        + "vm.watermark_scale_factor, vm.watermark_boost_factor, vm.vfs_cache_pressure"
    ),
  ])
  func mistakesAreTold(_ fields: String, _ message: String) {
    #expect(Scenario("machine { \(fields) }").failure == "s.lua:1: " + message)
  }
}
