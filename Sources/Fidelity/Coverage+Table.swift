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
    Row("5.10", .anonymous, 4, (205, 207)),
    Row("5.10", .limitReclaim, 8, (447, 449)),
    Row("5.10", .swap, 3, (177, 177)),
    Row("6.1", .cleanFiles, 13, (879, 879)),
    Row("6.1", .fileAdvice, 7, (552, 552)),
    Row("6.1", .anonymous, 3, (93, 94)),
    Row("6.1", .limitReclaim, 15, (967, 968)),
    Row("6.1", .swap, 2, (88, 89)),
    Row("6.1", .oomKill, 2, (23, 24)),
    Row("6.1", .severalTasks, 1, (18, 19)),
  ]
}
