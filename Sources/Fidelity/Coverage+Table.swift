// SPDX-License-Identifier: Apache-2.0
// What the shipped recordings cover. Made by a test from them and from the floor; RECORD=1 writes
// it anew.

extension Coverage {
  /// Pages that the allocator manages in the largest machine recorded.
  static let largestMachine: [(kernel: String, managed: Int)] = []

  static let table: [Row] = []
}
