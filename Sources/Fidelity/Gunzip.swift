// SPDX-License-Identifier: Apache-2.0
// Recordings above 200 KiB lie compressed: gzip framing around zlib's inflate, and an answer for
// every way it can be damaged.

import CZlib

enum Gunzip {
  enum Problem: Error, Equatable {
    case cutShort
    case corrupt(String)
    case tooLarge

    var reason: String {
      switch self {
      case .cutShort: "cut short: the gzip stream has no end"
      case .corrupt(let why): "corrupt gzip: \(why)"
      case .tooLarge: "unpacks to more than 1 GiB, which no recording does"
      }
    }
  }

  /// No recording comes near this; a damaged length must not eat the host's memory.
  private static let bytesMax = 1 << 30
  /// windowBits for inflate: the largest window, and a gzip header is expected.
  private static let gzipWindow: Int32 = 15 + 16

  static func isCompressed(_ bytes: [UInt8]) -> Bool {
    bytes.count >= 2 && bytes[0] == 0x1F && bytes[1] == 0x8B
  }

  /// The uncompressed bytes; members that follow one another are joined, as gzip does.
  static func inflate(_ compressed: [UInt8]) throws(Problem) -> [UInt8] {
    var stream = z_stream()
    guard
      inflateInit2_(&stream, gzipWindow, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
    else { throw .corrupt("zlib does not start") }
    defer { inflateEnd(&stream) }

    var input = compressed
    var output: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    var used = 0
    while used < input.count {
      let (status, consumed, produced) = step(&stream, &input, from: used, into: &chunk)
      used += consumed
      output.append(contentsOf: chunk[..<produced])
      if output.count > bytesMax { throw .tooLarge }
      switch status {
      case Z_OK: continue
      case Z_STREAM_END:
        if used == input.count { return output }
        inflateReset(&stream)
      case Z_BUF_ERROR: throw .cutShort
      default: throw .corrupt(stream.msg.map { String(cString: $0) } ?? "zlib error \(status)")
      }
    }
    // All input is used and no end was seen; what is still buffered inside cannot bring one.
    throw .cutShort
  }

  /// One call of inflate: its status, the bytes it took and the bytes it gave.
  private static func step(
    _ stream: inout z_stream, _ input: inout [UInt8], from used: Int, into chunk: inout [UInt8]
  ) -> (status: Int32, consumed: Int, produced: Int) {
    input.withUnsafeMutableBufferPointer { source in
      chunk.withUnsafeMutableBufferPointer { target in
        stream.next_in = source.baseAddress! + used
        stream.avail_in = UInt32(source.count - used)
        stream.next_out = target.baseAddress!
        stream.avail_out = UInt32(target.count)
        let status = CZlib.inflate(&stream, Z_NO_FLUSH)
        return (
          status, source.count - used - Int(stream.avail_in), target.count - Int(stream.avail_out)
        )
      }
    }
  }
}
