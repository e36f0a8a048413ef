// SPDX-License-Identifier: Apache-2.0
// Linux 5.10. Shadows hold the clock after the eviction, memcg statistics publish themselves in
// steps of 33, deferred shrinker work comes back whole, only single pages pass through per-CPU
// lists.

import Timeline

extension KernelProfile {
  package static let linux5_10 = KernelProfile(
    name: "5.10",
    numbers: Numbers(
      swapClusterMax: 32,
      defaultPriority: 12,
      chargeBatch: 32,
      maxReclaimRetries: 16,
      folioBatch: 15,
      shrinkBatch: 128,
      perCPUDrainGrowth: 0,
      statBatch: 32,
      statFlushPeriod: 2_000_000_000,
      gigabyteShift: 18,
      costDecayShift: 2,
      highestAreaPage: 504,
      swapCluster: 512,
      hz: 250,
      watermarkScaleFactor: 10),
    objects: ObjectSizes(
      treeNode: 592,
      structFile: 264,
      dentry: 200,
      inode: 1192,
      area: 208,
      reverseMap: [72, 112],
      datagram: [264, 520],
      // Known to be two objects of less than a page in all.
      childCgroup: [2000, 1500]),
    costs: Costs(
      readFirstReference: 1380,
      readSecondReference: 2470,
      readActive: 1760,
      readaheadWindow: 8000,
      readaheadPage: 3340,
      singleMiss: 6950,
      touch: 57,
      anonymousFault: 3020,
      zeroPageFault: 960,
      swapInRead: 6110,
      swapInWrite: 6300,
      swapReadSubmitted: 4500,
      swapCacheHit: 2500,
      reuseFault: 1070,
      fileFault: 1400,
      faultAroundPage: 150,
      mark: 750_000,
      reclaimBatch: 7000,
      cleanPageReclaimed: 1740,
      pageKept: 1320,
      pageSwappedOut: 8000,
      pageSubmitted: 7100,
      priorityRound: 15_000,
      reclaimBegin: 5000,
      reclaimEnd: 11_000,
      open: 8000,
      makeCgroup: 300_000,
      enterCgroup: 30_000,
      advise: 3000,
      pageInvalidated: 600,
      pageUnmapped: 1220,
      statCached: 3000,
      statForgotten: 9000,
      statNew: 18000,
      blockRead: 4000,
      objectPruned: 800,
      turn: 29_000,
      pageSkipped: 82,
      kswapdWake: 5000,
      kswapdBegin: 8000,
      kswapdEnd: 3000,
      pressureWork: 8000,
      map: 3000),
    shadowClock: .afterEviction,
    readMarking: .unlessSamePosition,
    readaheadGrowth: .next,
    memcgStatistics: .accumulated,
    deferredShrink: .whole,
    objectStock: .emptiedBeyondPage,
    oomReport: .pidOnly,
    perCPULists: .orderZero,
    memoryReclaim: .absent,
    filePlacement: .belowThePrevious,
    bootShrinkers: [
      Shrinker(
        name: "super_cache_scan", seeks: 0, batch: 1024, idle: 39, used: 6, deferred: 4, revived: 7),
      Shrinker(
        name: "super_cache_scan", seeks: 0, batch: 1024, idle: 24, used: 0, deferred: 10, revived: 3),
      Shrinker(
        name: "super_cache_scan", seeks: 0, batch: 1024, idle: 0, used: 3, deferred: 0, revived: 3),
    ],
    scheduling: FairRules(
      sleeperCredit: .milliseconds(3), wakeupGranularity: .milliseconds(1),
      latency: .milliseconds(6), leastSlice: .microseconds(750), tick: .milliseconds(4),
      tickOffset: .microseconds(5)))
}
