// SPDX-License-Identifier: Apache-2.0
// A recording as it lies on disk: plain JSON or gzip, one file or all of a folder.
//
// Whatever is wrong with one is a RecordingError that names the file; what reads the bytes decides
// whether they hold a question (RecordingQuestion) or answers (RecordingAnswers).

import Foundation

/// Why a recording cannot be used.
package struct RecordingError: Error, Equatable, CustomStringConvertible {
  package var file: String
  package var reason: String

  package init(file: String, reason: String) {
    self.file = file
    self.reason = reason
  }

  package var description: String { "\(file): \(reason)" }
}

package struct RecordingFile: Sendable {
  package let path: String
  /// The uncompressed text.
  package let bytes: [UInt8]

  /// The last component of the path.
  package var name: String { URL(fileURLWithPath: path).lastPathComponent }

  package init(path: String, bytes: [UInt8]) {
    self.path = path
    self.bytes = bytes
  }

  /// Reads a file; gzip is recognised by its first bytes, not by the name.
  package init(path: String) throws(RecordingError) {
    self.path = path
    let stored: [UInt8]
    do {
      stored = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    } catch {
      throw RecordingError(file: path, reason: "cannot be read")
    }
    guard Gunzip.isCompressed(stored) else {
      bytes = stored
      return
    }
    do {
      bytes = try Gunzip.inflate(stored)
    } catch {
      throw RecordingError(file: path, reason: error.reason)
    }
  }

  /// The paths that `arguments` name: files as they are, and of a folder every .json and .json.gz
  /// in it, sorted by name.
  package static func expand(_ arguments: [String]) throws(RecordingError) -> [String] {
    var paths: [String] = []
    for argument in arguments {
      var isFolder: ObjCBool = false
      guard FileManager.default.fileExists(atPath: argument, isDirectory: &isFolder) else {
        throw RecordingError(file: argument, reason: "no such file or folder")
      }
      guard isFolder.boolValue else {
        paths.append(argument)
        continue
      }
      let names = (try? FileManager.default.contentsOfDirectory(atPath: argument)) ?? []
      let recordings = names.filter { $0.hasSuffix(".json") || $0.hasSuffix(".json.gz") }.sorted()
      if recordings.isEmpty {
        throw RecordingError(file: argument, reason: "the folder holds no .json or .json.gz file")
      }
      let folder = argument.hasSuffix("/") ? argument : argument + "/"
      paths += recordings.map { folder + $0 }
    }
    return paths
  }

  /// Decodes the text as `type`; a failure says where in the file it is.
  func decode<T: Decodable>(_ type: T.Type) throws(RecordingError) -> T {
    guard let last = bytes.last(where: { $0 > 0x20 }) else {
      throw RecordingError(file: path, reason: "empty")
    }
    do {
      return try JSONDecoder().decode(type, from: Data(bytes))
    } catch let error as DecodingError {
      throw RecordingError(file: path, reason: Self.reason(error, endsClosed: last == 0x7D))
    } catch {
      throw RecordingError(file: path, reason: "cannot be decoded: \(error)")
    }
  }

  private static func reason(_ error: DecodingError, endsClosed: Bool) -> String {
    func place(_ context: DecodingError.Context, _ key: (any CodingKey)? = nil) -> String {
      let path = (context.codingPath + (key.map { [$0] } ?? []))
        .map { $0.intValue.map { "[\($0)]" } ?? ".\($0.stringValue)" }.joined()
      return path.hasPrefix(".") ? String(path.dropFirst()) : path
    }
    switch error {
    case .keyNotFound(let key, let context):
      return "no field `\(place(context, key))`"
    case .typeMismatch(_, let context) where context.codingPath.isEmpty:
      return "the JSON is no object"
    case .typeMismatch(let type, let context), .valueNotFound(let type, let context):
      return "field `\(place(context))` is no \(type)"
    case .dataCorrupted(let context) where context.codingPath.isEmpty:
      return endsClosed ? "no valid JSON" : "cut short: the JSON ends before its closing brace"
    case .dataCorrupted(let context):
      return "field `\(place(context))`: \(context.debugDescription)"
    @unknown default:
      return "cannot be decoded"
    }
  }
}
