// SPDX-License-Identifier: Apache-2.0
// What the shipped recordings cover, and how many of their counters are equal of how many. A test
// makes it from them and from the floor; RECORD=1 writes it anew.

extension Coverage {
  package static let largest: [Largest] = [
    Largest("5.10", managed: 89563),
    Largest("6.1", managed: 88101),
  ]

  package static let table: [Row] = [
    Row("5.10", .cleanFiles, 8, (484, 487)),
    Row("5.10", .fileAdvice, 2, (145, 145)),
    Row("5.10", .mappedFiles, 2, (188, 188)),
    Row("5.10", .anonymous, 7, (357, 359)),
    Row("5.10", .limitReclaim, 12, (669, 672)),
    Row("5.10", .swap, 5, (258, 258)),
    Row("5.10", .nestedCgroups, 2, (141, 142)),
    Row("5.10", .severalTasks, 2, (141, 142)),
    Row("6.1", .cleanFiles, 21, (1461, 1471)),
    Row("6.1", .fileAdvice, 8, (649, 650)),
    Row("6.1", .anonymous, 8, (397, 414)),
    Row("6.1", .limitReclaim, 25, (1617, 1639)),
    Row("6.1", .proactiveReclaim, 3, (219, 224)),
    Row("6.1", .swap, 5, (216, 231)),
    Row("6.1", .oomKill, 2, (23, 24)),
    Row("6.1", .nestedCgroups, 4, (293, 297)),
    Row("6.1", .severalTasks, 5, (311, 316)),
  ]
}
