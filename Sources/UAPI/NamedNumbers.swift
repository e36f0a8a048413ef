// SPDX-License-Identifier: Apache-2.0
// Numbers by name, in an order of their own: counters under the kernel's names.
//
// In JSON they are an object, whose keys come back sorted.

package struct NamedNumber: Sendable, Equatable {
  package var name: String
  package var value: Int

  package init(_ name: String, _ value: Int) {
    self.name = name
    self.value = value
  }
}

package struct NamedNumbers: Sendable, Equatable, Codable {
  package var list: [NamedNumber]

  package init(_ list: [NamedNumber]) { self.list = list }

  package subscript(name: String) -> Int? { list.first { $0.name == name }?.value }

  private struct Name: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  package init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: Name.self)
    let names = values.allKeys.map(\.stringValue).sorted {
      $0.utf8.lexicographicallyPrecedes($1.utf8)
    }
    list = try names.map {
      NamedNumber($0, try values.decode(Int.self, forKey: Name(stringValue: $0)))
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: Name.self)
    for number in list { try values.encode(number.value, forKey: Name(stringValue: number.name)) }
  }
}
