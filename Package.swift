// swift-tools-version: 6.3
// SPDX-License-Identifier: Apache-2.0
import PackageDescription

// Every Swift target, tests included, is built with these: async code stays on its caller's
// executor, existentials are written out, imports are internal unless said otherwise, and a warning
// is an error.
let careful: [SwiftSetting] = [
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .treatAllWarnings(as: .error),
]

// C of our own: the same, with the compiler's usual warnings.
let carefulC: [CSetting] = [.treatAllWarnings(as: .error), .enableWarning("all")]

let package = Package(
  name: "reclaimlua",
  products: [
    .executable(name: "reclaimlua", targets: ["reclaimlua"]),
    .executable(name: "reclaim-bench", targets: ["reclaim-bench"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
  ],
  targets: [
    // The system's libraries.
    .systemLibrary(name: "CLua", pkgConfig: "lua5.4", providers: [.apt(["liblua5.4-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),

    // C of our own: what may longjmp, what touches memory below Swift, the benchmark's yardstick.
    .target(name: "CLuaShims", dependencies: ["CLua"], cSettings: carefulC),
    .target(name: "CMemory", cSettings: carefulC),
    .target(name: "CReference", cSettings: carefulC),

    // Who may know whom: docs/hacking.md. scripts/tidy holds the imports to it.
    .target(
      name: "Timeline",
      dependencies: [
        .product(name: "HeapModule", package: "swift-collections"),
        .product(name: "DequeModule", package: "swift-collections"),
      ],
      swiftSettings: careful),
    .target(name: "UAPI", dependencies: ["Timeline"], swiftSettings: careful),
    .target(name: "Lua", dependencies: ["CLua", "CLuaShims"], swiftSettings: careful),
    .target(
      name: "ReclaimEngine", dependencies: ["UAPI", "Timeline", "CMemory"], swiftSettings: careful),
    .target(
      name: "Fidelity", dependencies: ["UAPI", "ReclaimEngine", "Timeline", "CZlib"],
      swiftSettings: careful),
    .target(
      name: "Scripting",
      dependencies: [
        "UAPI", "Timeline", "Lua", .product(name: "Histogram", package: "hdrhistogram-swift"),
      ],
      swiftSettings: careful),

    .executableTarget(
      name: "reclaimlua",
      dependencies: [
        "Timeline", "UAPI", "Lua", "ReclaimEngine", "Fidelity", "Scripting",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: careful),
    .executableTarget(
      name: "reclaim-bench",
      dependencies: ["ReclaimEngine", "UAPI", "Timeline", "Lua", "Scripting", "CReference"],
      swiftSettings: careful),

    .testTarget(name: "TimelineTests", dependencies: ["Timeline"], swiftSettings: careful),
    .testTarget(name: "UAPITests", dependencies: ["UAPI", "Timeline"], swiftSettings: careful),
    // Small machines and what drives them, for the tests of the engine.
    .target(
      name: "TestSupport", dependencies: ["ReclaimEngine", "UAPI", "Timeline"],
      path: "Tests/Support", swiftSettings: careful),
    .testTarget(
      name: "EngineTests", dependencies: ["TestSupport", "ReclaimEngine", "UAPI", "Timeline"],
      swiftSettings: careful),
    .testTarget(
      name: "PropertyTests", dependencies: ["TestSupport", "ReclaimEngine", "UAPI", "Timeline"],
      swiftSettings: careful),
    // What makes one kernel generation another; holds docs/kernel-generations.md to the code.
    .testTarget(
      name: "KernelTests", dependencies: ["ReclaimEngine", "UAPI", "Timeline"],
      swiftSettings: careful),
    // Recordings lie beside the tests and are found from the source file, so the command's tests
    // read the same ones.
    .testTarget(
      name: "FidelityTests",
      dependencies: ["Fidelity", "ReclaimEngine", "UAPI", "Timeline", "reclaimlua"],
      exclude: ["recordings", "verdicts", "floor.json"],
      swiftSettings: careful),
    // Runs the command on the examples; their expected output is read from beside the tests.
    .testTarget(
      name: "GoldenTests", dependencies: ["Fidelity", "Scripting", "reclaimlua"],
      exclude: ["Expected", "hosts"], swiftSettings: careful),
    .testTarget(name: "LuaTests", dependencies: ["Lua"], swiftSettings: careful),
    .testTarget(
      name: "ScriptingTests", dependencies: ["Scripting", "Lua", "UAPI", "Timeline"],
      swiftSettings: careful),
  ],
  swiftLanguageModes: [.v6]
)
