// SPDX-License-Identifier: Apache-2.0
// What the shipped recordings cover, and how many of their counters are equal of how many. A test
// makes it from them and from the floor; RECORD=1 writes it anew.

extension Coverage {
  package static let largest: [Largest] = [
    Largest("5.10", managed: 89563),
    Largest("6.1", managed: 88101),
  ]

  package static let table: [Row] = [
    Row("5.10", .cleanFiles, 9, (500, 515)),
    Row("5.10", .fileAdvice, 2, (145, 145)),
    Row("5.10", .mappedFiles, 2, (188, 188)),
    Row("5.10", .anonymous, 9, (412, 432)),
    Row("5.10", .limitReclaim, 12, (670, 672)),
    Row("5.10", .machineReclaim, 3, (70, 101)),
    Row("5.10", .swap, 6, (300, 314)),
    Row("5.10", .oomKill, 1, (13, 17)),
    Row("5.10", .nestedCgroups, 2, (142, 142)),
    Row("5.10", .severalTasks, 4, (197, 215)),
    Row("6.1", .cleanFiles, 24, (1495, 1522)),
    Row("6.1", .fileAdvice, 8, (650, 650)),
    Row("6.1", .anonymous, 11, (471, 512)),
    Row("6.1", .limitReclaim, 25, (1617, 1638)),
    Row("6.1", .proactiveReclaim, 3, (219, 224)),
    Row("6.1", .machineReclaim, 5, (99, 135)),
    Row("6.1", .swap, 6, (264, 294)),
    Row("6.1", .oomKill, 3, (39, 44)),
    Row("6.1", .nestedCgroups, 4, (293, 297)),
    Row("6.1", .severalTasks, 7, (376, 399)),
  ]
}
