// SPDX-License-Identifier: Apache-2.0
// Reports as JSON: keys sorted, one object, or a list of them when several kernels were asked for
// (docs/report.md).

import Foundation
import UAPI

enum ReportJSON {
  static func text(
    _ reports: [Report], asList: Bool
  ) throws(OutputFile.Problem) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    do {
      let data = asList ? try encoder.encode(reports) : try encoder.encode(reports[0])
      return String(decoding: data, as: UTF8.self) + "\n"
    } catch {
      throw OutputFile.Problem(text: "the report cannot be written as JSON: \(error)")
    }
  }
}
