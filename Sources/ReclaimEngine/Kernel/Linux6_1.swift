// SPDX-License-Identifier: Apache-2.0
// Linux 6.1, classic LRU. Shadows hold the clock before the eviction, statistics are flushed when
// enough are pending, deferred shrinker work is shifted by the priority.

import Timeline

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
      highestAreaPage: 500,
      swapCluster: 512,
      hz: 250,
      watermarkScaleFactor: 10),
    objects: ObjectSizes(
      treeNode: 592,
      structFile: 264,
      dentry: 200,
      inode: 1200,
      area: 160,
      reverseMap: [72, 112],
      datagram: [264, 520],
      childCgroup: [3192, 2064]),
    costs: Costs(
      readFirstReference: 1480,
      readSecondReference: 2660,
      readActive: 1980,
      readaheadWindow: 8000,
      readaheadPage: 3390,
      singleMiss: 7050,
      touch: 57,
      anonymousFault: 3380,
      zeroPageFault: 1310,
      swapInRead: 6150,
      swapInWrite: 6180,
      swapReadSubmitted: 4500,
      swapCacheHit: 2500,
      reuseFault: 1370,
      fileFault: 1400,
      faultAroundPage: 150,
      mark: 750_000,
      reclaimBatch: 5500,
      cleanPageReclaimed: 1700,
      pageKept: 1290,
      pageSwappedOut: 8450,
      pageSubmitted: 7100,
      priorityRound: 13_000,
      reclaimBegin: 5000,
      reclaimEnd: 11_000,
      open: 8000,
      makeCgroup: 300_000,
      enterCgroup: 30_000,
      advise: 3000,
      pageInvalidated: 600,
      pageUnmapped: 1290,
      statCached: 3480,
      statForgotten: 9000,
      statNew: 21000,
      blockRead: 4000,
      objectPruned: 800,
      turn: 29_000,
      pageSkipped: 82,
      kswapdWake: 5000,
      kswapdBegin: 8000,
      kswapdEnd: 3000,
      pressureWork: 8000,
      map: 3000),
    shadowClock: .beforeEviction,
    readMarking: .unlessContinued,
    readaheadGrowth: .neverSmaller,
    memcgStatistics: .flushedWhenPending,
    deferredShrink: .shifted,
    objectStock: .mayExceedPage,
    oomReport: .sizes,
    perCPULists: .toOrderThree,
    memoryReclaim: .untilReclaimed,
    filePlacement: .atTableBoundary,
    bootShrinkers: [
      Shrinker(
        name: "kfree_rcu_shrink_scan", seeks: 2, batch: 128, idle: 21, used: 0, deferred: 0, revived: 5),
      Shrinker(
        name: "super_cache_scan", seeks: 0, batch: 1024, idle: 41, used: 0, deferred: 0, revived: 5),
      Shrinker(
        name: "super_cache_scan", seeks: 0, batch: 1024, idle: 12, used: 4, deferred: 0, revived: 4),
      Shrinker(
        name: "super_cache_scan", seeks: 0, batch: 1024, idle: 6, used: 9, deferred: 0, revived: 4),
    ],
    scheduling: FairRules(
      sleeperCredit: .milliseconds(3), wakeupGranularity: .milliseconds(1),
      latency: .milliseconds(6), leastSlice: .microseconds(750), tick: .milliseconds(4),
      tickOffset: .microseconds(5)))
}
