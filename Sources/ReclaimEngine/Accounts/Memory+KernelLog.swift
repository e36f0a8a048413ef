// SPDX-License-Identifier: Apache-2.0
// The kernel's log: what it says, and when.

import UAPI

extension Memory {
  func say(_ text: String, _ level: KernelMessage.Level = .info) {
    messages.append(KernelMessage(at: timeline.now, level: level, text: text))
  }

  func say(_ report: OomReport) {
    for (level, text) in report.lines(profile.oomReport) { say(text, level) }
  }
}
