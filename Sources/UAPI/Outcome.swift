// SPDX-License-Identifier: Apache-2.0
// What a kernel answers.

package enum Outcome: Sendable, Equatable {
  case done
  case pages(Int)
  /// The first page frame of what was allocated.
  case frame(Int)
  case failed(Errno)
  /// A real kernel could; this one cannot yet. The text names the operation and what is missing.
  case unsupported(String)
}

/// Error numbers as the kernel names them.
package enum Errno: String, Sendable {
  case ENOENT, ENOMEM, EAGAIN, EINVAL, EBUSY, EINTR, EEXIST, ENODEV, ENOSPC

  /// The number on x86-64.
  package var number: Int {
    switch self {
    case .ENOENT: 2
    case .EINTR: 4
    case .EAGAIN: 11
    case .ENOMEM: 12
    case .EBUSY: 16
    case .EEXIST: 17
    case .ENODEV: 19
    case .EINVAL: 22
    case .ENOSPC: 28
    }
  }
}
