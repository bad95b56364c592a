internal import Glibc
public import SlotCore
public import SystemPackage

/// Reads the marks that an installation leaves on a machine, except that of slots, below a root that a test can make.
public struct MarkReader: Sendable {
  let root: FilePath
  let servicesDirectory: FilePath
  private let program: FilePath?

  /// - Parameters:
  ///   - root: what is `/` on the machine that is looked at.
  ///   - servicesDirectory: as that machine sees it.
  ///   - program: the running program, as that machine sees it; nil to ask its `/proc/self/exe`.
  public init(
    root: FilePath = "/", servicesDirectory: FilePath = "/usr/lib/krux", program: FilePath? = nil
  ) {
    self.root = root
    self.servicesDirectory = servicesDirectory
    self.program = program
  }

  public func marks() -> ModeMarks {
    var marks = ModeMarks(servicesDirectory: servicesDirectory.string)
    marks.container = containerMark()
    marks.trees = trees()
    marks.units = unitsInUse(trees: marks.trees)
    marks.programCheckout = (program ?? link("/proc/self/exe")).flatMap {
      checkout(of: $0, with: [".git", "Package.swift"])?.string
    }
    return marks
  }

  // MARK: - Trees

  /// The names below the directory of services that have a link `current`, dangling or not.
  private func trees() -> [String] {
    let directory = real(servicesDirectory)
    return Files.names(in: directory).filter {
      MarkReader.target(of: directory.appending($0).appending("current")) != nil
    }
  }

  // MARK: - Checkouts

  /// How far up a checkout is looked for: deeper trees of folders are nobody's.
  private static let maximumDepth = 64

  /// The nearest folder above `path` that holds all of `names`. Not `/`: who keeps a history of a whole system has
  /// no checkout of this product.
  func checkout(of path: FilePath, with names: [String]) -> FilePath? {
    var folder = path.removingLastComponent()
    for _ in 0..<MarkReader.maximumDepth where !folder.components.isEmpty {
      if names.allSatisfy({ Files.exists(real(folder).appending($0)) }) { return folder }
      folder = folder.removingLastComponent()
    }
    return nil
  }

  // MARK: - Paths

  /// A path of the machine as this process reaches it.
  func real(_ path: FilePath) -> FilePath { root.appending(path.components) }

  func text(_ path: FilePath) -> String? { Files.text(real(path)) }

  func exists(_ path: FilePath) -> Bool { Files.exists(real(path)) }

  /// Where a link of the machine leads; nil when it is none, or not ours to read.
  func link(_ path: FilePath) -> FilePath? { MarkReader.target(of: real(path)) }

  /// A path with the links in it resolved, as the machine sees it; as it is where it leads nowhere.
  func resolved(_ path: FilePath) -> FilePath {
    guard let found = Files.resolved(real(path)), let base = Files.resolved(root) else {
      return path
    }
    var inside = found
    return inside.removePrefix(base) ? FilePath(root: "/", inside.components) : path
  }

  /// readlink(2)
  private static func target(of path: FilePath) -> FilePath? {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
    let count = path.withPlatformString { readlink($0, &buffer, buffer.count - 1) }
    guard count > 0 else { return nil }
    return FilePath(
      String(decoding: buffer.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self))
  }
}
