// SPDX-License-Identifier: Apache-2.0
// Writing to /proc/sys/vm while the machine runs.
//
// What reclaim asks anew each time (swappiness, vfs_cache_pressure, page-cluster) holds from the
// next question on. min_free_kbytes and watermark_scale_factor have the marks of every zone
// computed anew from what is managed now, which ends a boost (reference 23 §§23.1, 23.2) and, where
// the per-CPU lists follow the low mark, sets their length; watermark_boost_factor counts at the
// next fallback. Nobody is woken: kswapd sees the new marks when an allocation fails them.

import Timeline
import UAPI

extension Memory {
  /// - Returns: EINVAL where the kernel does not take the value, unsupported where the machine does
  ///   not follow it.
  func writeSysctl(_ name: String, _ value: Int, _ task: SimTask) async throws(Killed) -> Outcome {
    // The open of a file, for want of a figure of its own.
    try await task.spend(profile.costs.open)
    if let refusal = Sysctls.refusal(name, value, kernel: profile.name) {
      return .unsupported(refusal)
    }
    if Sysctls.problem([(name, value)], kernel: profile.name) != nil { return .failed(.EINVAL) }
    switch name {
    case "vm.swappiness": swappiness = value
    case "vm.page-cluster": pageCluster = value
    case "vm.vfs_cache_pressure": vfsCachePressure = value
    case "vm.watermark_boost_factor": for zone in node.zones { zone.setBoostFactor(value) }
    case "vm.min_free_kbytes":
      minFreeKilobytes = value
      recomputeMarks()
    case "vm.watermark_scale_factor":
      watermarkScaleFactor = value
      recomputeMarks()
    default: break
    }
    return .done
  }

  private func recomputeMarks() {
    let managed = node.zones.map { (kind: $0.kind, managed: $0.managed) }
    let numbers = ZoneNumbers.of(
      managed, profile, cpus: 1, minFreeKilobytes: minFreeKilobytes,
      scaleFactor: watermarkScaleFactor)
    for (zone, numbers) in zip(node.zones, numbers) {
      zone.setMarks(numbers.marks)
      if profile.perCPULists != .orderZero { zone.perCPU.setHigh(numbers.perCPUHigh) }
    }
  }
}
