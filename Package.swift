// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .treatAllWarnings(as: .error),
]
let strictC: [CSetting] = [.treatAllWarnings(as: .error)]

let argumentParser: Target.Dependency =
  .product(name: "ArgumentParser", package: "swift-argument-parser")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let system: Target.Dependency = .product(name: "SystemPackage", package: "swift-system")

func systemLibrary(_ name: String, _ pkgConfig: String, debian: String) -> Target {
  .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt([debian])])
}

let package = Package(
  name: "krux-update",
  products: [
    .library(name: "SlotKit", targets: ["SlotKit", "SlotCore"]),
    .library(name: "SlotKitTesting", targets: ["SlotKitTesting"]),
    .executable(name: "krux-update", targets: ["krux-update"]),
    .executable(name: "krux-health", targets: ["krux-health"]),
    .executable(name: "krux-release", targets: ["krux-release"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
  ],
  targets: [
    systemLibrary("CSodium", "libsodium", debian: "libsodium-dev"),
    systemLibrary("CBlkid", "blkid", debian: "libblkid-dev"),
    systemLibrary("CCurl", "libcurl", debian: "libcurl4-openssl-dev"),
    systemLibrary("CZstd", "libzstd", debian: "libzstd-dev"),
    .target(name: "CLinux", cSettings: strictC, linkerSettings: [.linkedLibrary("curl")]),
    .target(name: "CArchive", cSettings: strictC),
    .target(name: "CBlake2b", cSettings: strictC),
    .target(name: "CToml"),
    .target(
      name: "SlotCore", dependencies: ["CBlake2b", "CSodium", "CZstd"], swiftSettings: strict),
    .target(name: "SlotCoreTesting", dependencies: ["SlotCore"], swiftSettings: strict),
    .target(
      name: "SlotKit",
      dependencies: [
        "SlotCore", "CArchive", "CBlkid", "CCurl", "CLinux", "CToml", logging, system,
      ],
      swiftSettings: strict),
    .target(
      name: "SlotKitTesting", dependencies: ["SlotKit", "SlotCore", system], swiftSettings: strict),
    .executableTarget(
      name: "krux-update", dependencies: ["SlotKit", "SlotCore", argumentParser, logging, system],
      swiftSettings: strict),
    .executableTarget(
      name: "krux-health", dependencies: ["SlotKit", "SlotCore", argumentParser, logging, system],
      swiftSettings: strict),
    .executableTarget(
      name: "krux-release", dependencies: ["SlotKit", "SlotCore", argumentParser, system],
      swiftSettings: strict),
    .testTarget(
      name: "SlotCoreTests", dependencies: ["SlotCore", "SlotCoreTesting"], swiftSettings: strict),
    .testTarget(
      name: "SlotKitTests",
      dependencies: ["SlotKit", "SlotCore", "SlotCoreTesting", "SlotKitTesting", system],
      swiftSettings: strict),
    .testTarget(
      name: "CommandTests",
      dependencies: [
        "SlotCore", "SlotCoreTesting", "SlotKit", "SlotKitTesting", "krux-update", "krux-health",
        "krux-release",
      ],
      exclude: ["Support/with-journald"], swiftSettings: strict),
    .target(
      name: "PowerCut", dependencies: ["SlotKit", "SlotCore", "SlotKitTesting", system],
      path: "Tests/PowerCut", swiftSettings: strict),
    .executableTarget(
      name: "powercut", dependencies: ["PowerCut", argumentParser], path: "Tests/PowerCutMain",
      swiftSettings: strict),
    .testTarget(
      name: "PowerCutTests", dependencies: ["PowerCut", "SlotKitTesting", system],
      swiftSettings: strict),
    .testTarget(name: "TidyTests", swiftSettings: strict),
  ],
  swiftLanguageModes: [.v6],
  cxxLanguageStandard: .cxx17
)

// Only the pure core and its tests, for `make mutants`, which builds them a hundred times.
if Context.environment["KRUX_ONLY_CORE"] == "1" {
  let core = ["CBlake2b", "CSodium", "CZstd", "SlotCore", "SlotCoreTesting", "SlotCoreTests"]
  package.targets.removeAll { !core.contains($0.name) }
  package.products = []
  package.dependencies = []
}

// Only the libraries and the fuzz targets, for `Fuzz/run`: a fuzzer brings the `main` of its executable.
if Context.environment["KRUX_FUZZ"] == "1" {
  let fuzzed = [
    "CArchive", "CBlake2b", "CSodium", "CBlkid", "CCurl", "CZstd", "CLinux", "CToml", "SlotCore",
    "SlotKit",
  ]
  package.targets.removeAll { !fuzzed.contains($0.name) }
  package.products = []
  package.targets.append(
    .executableTarget(
      name: "Fuzz", dependencies: ["SlotCore", "SlotKit", system], path: "Fuzz/Sources",
      swiftSettings: strict))
}
