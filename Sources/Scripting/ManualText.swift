// SPDX-License-Identifier: Apache-2.0
// The manual printed: tables in Markdown for readers, annotated declarations in Lua for editors.

import UAPI

extension Manual {
  /// The tables of docs/scenario-api.md by the name that its markers give them.
  package static var tables: [(name: String, text: String)] {
    [("globals", table("global", "", Globals.bindings, []))]
      + chapters.map { ($0.name, table($0.receiver, "answers", $0.bindings, $0.properties)) }
      + fieldLists.map { list in
        let rows = list.ownFields.map { "| `\($0.name)` | \($0.text) |\n" }
        return (list.className, "| field | |\n|---|---|\n" + rows.joined())
      } + [("sysctls", sysctls)]
  }

  private static var sysctls: String {
    let rows = Sysctls.followed.map { sysctl in
      let range = sysctl.takes(on: nil)!
      let before = sysctl.widened.map { widened in
        sysctl.range.map { " (before \(widened.at.text) to \($0.upperBound))" } ?? ""
      }
      return "| `\(sysctl.name)` | \(range.lowerBound) to \(range.upperBound)\(before ?? "") | "
        + "\(sysctl.text) |\n"
    }
    return "| | takes | |\n|---|---|---|\n" + rows.joined()
  }

  private static func table(
    _ receiver: String, _ second: String, _ bindings: [Binding], _ properties: [Property]
  ) -> String {
    var text = "| | \(second) |\n|---|---|\n"
    for binding in bindings {
      let usage = binding.usage.replacing(" or ", with: "`, `")
      text += "| `\(usage)` | \(binding.text) |\n"
    }
    for property in properties {
      text += "| `\(receiver).\(property.name)` | \(property.text) |\n"
    }
    return text
  }

  /// docs/reclaimlua.meta.lua.
  package static var meta: String {
    var text = """
      -- SPDX-License-Identifier: Apache-2.0
      ---@meta
      -- Printed from the manual in Sources/Scripting by a test: RECORD=1 scripts/test.
      -- For editors with lua-language-server: add this file to Lua.workspace.library.

      ---@alias Size string|integer a size such as "768 MiB"; a whole number is bytes
      ---@alias Limit string|integer a size, or "max"
      ---@alias Time string|integer a time such as "10 ms"; a whole number is nanoseconds
      ---@alias PageCount string|integer pages; as a string with a unit, bytes

      """
    for list in fieldLists {
      text += "\n---@class \(list.className)\n"
      for field in list.fields {
        text += described("---@field \(key(field.name))? \(field.type)", field.text)
      }
    }
    for chapter in chapters {
      text += "\n---@class \(chapter.className)\n"
      for property in chapter.properties {
        text += described("---@field \(property.name) \(property.type)", property.text)
      }
      text += "local \(chapter.className) = {}\n"
      for binding in chapter.bindings {
        text += "\n" + declaration(of: binding, as: "\(chapter.className):\(binding.name)")
      }
    }
    text += "\n---@class Trigger\n"
    for binding in Globals.bindings {
      text += "\n" + declaration(of: binding, as: binding.name)
    }
    return text + "\n" + Globals.values
  }

  private static func key(_ name: String) -> String { name == "repeat" ? "[\"repeat\"]" : name }

  private static func declaration(of binding: Binding, as name: String) -> String {
    var text = comment(binding.text)
    for parameter in binding.parameters {
      let parts = parameter.split(separator: ":", maxSplits: 1)
      text += "---@param \(parts[0])\(parts[1])\n"
    }
    for result in binding.results { text += "---@return \(result)\n" }
    let names = binding.parameters.map { parameter in
      String(parameter.prefix { $0 != ":" && $0 != "?" })
    }
    return text + "function \(name)(\(names.joined(separator: ", "))) end\n"
  }

  /// A declaration with its text behind it where that fits, else above it.
  private static func described(_ declaration: String, _ text: String) -> String {
    let lines = comment(text)
    let behind = declaration + lines.dropFirst(3)
    return lines.contains("\n---") || behind.count > 100 ? lines + declaration + "\n" : behind
  }

  /// Without Markdown's marks, in lines that fit.
  private static func comment(_ text: String) -> String {
    var lines = [""]
    for word in text.filter({ $0 != "`" && $0 != "*" }).split(separator: " ") {
      if lines[lines.count - 1].count + word.count > 94 { lines.append("") }
      lines[lines.count - 1] += " " + word
    }
    return lines.map { "---\($0)\n" }.joined()
  }
}
