// SPDX-License-Identifier: Apache-2.0
// A cgroup as a description of a machine has it.

package struct CgroupSpec: Sendable {
  package var path: String
  package var settings: [CgroupSetting]

  package init(path: String, settings: [CgroupSetting]) {
    self.path = path
    self.settings = settings
  }
}
