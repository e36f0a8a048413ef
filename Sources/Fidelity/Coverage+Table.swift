// SPDX-License-Identifier: Apache-2.0
// What the shipped recordings cover, and how many of their counters are equal of how many. A test
// makes it from them and from the floor; RECORD=1 writes it anew.

extension Coverage {
  package static let largest: [Largest] = [
    Largest("5.10", managed: 89563),
    Largest("6.1", managed: 88101),
  ]

  package static let table: [Row] = [
    Row("5.10", .cleanFiles, 6, (343, 345)),
    Row("5.10", .fileAdvice, 2, (145, 145)),
    Row("5.10", .mappedFiles, 2, (188, 188)),
    Row("5.10", .anonymous, 5, (246, 248)),
    Row("5.10", .limitReclaim, 9, (488, 490)),
    Row("5.10", .swap, 4, (218, 218)),
    Row("6.1", .cleanFiles, 13, (879, 879)),
    Row("6.1", .fileAdvice, 7, (552, 552)),
    Row("6.1", .anonymous, 4, (120, 132)),
    Row("6.1", .limitReclaim, 16, (994, 1006)),
    Row("6.1", .swap, 3, (115, 127)),
    Row("6.1", .oomKill, 2, (23, 24)),
    Row("6.1", .severalTasks, 1, (18, 19)),
  ]
}
