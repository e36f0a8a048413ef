// SPDX-License-Identifier: Apache-2.0
// Linux 6.1, classic LRU. Shadows hold the clock before the eviction, statistics are flushed when
// enough are pending, deferred shrinker work is shifted by the priority.

extension KernelProfile {
  package static let linux6_1 = KernelProfile(
    name: "6.1",
    numbers: Numbers(
      swapClusterMax: 32,
      defaultPriority: 12,
      chargeBatch: 64,
      maxReclaimRetries: 16,
      folioBatch: 15,
      shrinkBatch: 128,
      // The reference says 5; recordings that free thousands of pages at a stretch say 4.
      perCPUDrainGrowth: 4,
      statBatch: 64,
      statFlushPeriod: 2_000_000_000,
      gigabyteShift: 18,
      costDecayShift: 2,
      hz: 250,
      watermarkScaleFactor: 10),
    objects: ObjectSizes(
      treeNode: 592,
      structFile: 264,
      dentry: 200,
      inode: 1200,
      datagram: [264, 520],
      childCgroup: [3192, 2064]),
    costs: Costs(
      readFirstReference: 1480,
      readSecondReference: 2660,
      readActive: 1980,
      readaheadWindow: 8000,
      readaheadPage: 3390,
      singleMiss: 7050,
      mark: 750_000,
      reclaimBatch: 2500,
      cleanPageReclaimed: 1580,
      pageKept: 1290,
      priorityRound: 12_000,
      reclaimBegin: 5000,
      reclaimEnd: 11_000,
      open: 8000,
      makeCgroup: 300_000,
      enterCgroup: 9_000_000,
      advise: 3000,
      pageInvalidated: 600),
    shadowClock: .beforeEviction,
    readMarking: .unlessContinued,
    readaheadGrowth: .neverSmaller,
    memcgStatistics: .flushedWhenPending,
    deferredShrink: .shifted,
    objectStock: .mayExceedPage)
}
