/// Everything that is in a tree: made from the verified archive, and again from what the disk gives back.
public struct TreeInventory: Equatable, Sendable {
  public enum Item: Equatable, Sendable {
    case folder(mode: Int)
    case file(mode: Int, size: UInt64, content: Digest, capability: [UInt8])
    case link(target: [UInt8])
  }

  /// By path from the root of the tree, which itself is left out.
  public private(set) var items: [[UInt8]: Item] = [:]

  public init() {}

  public subscript(path: [UInt8]) -> Item? {
    get { items[path] }
    set { items[path] = newValue }
  }

  /// One digest for all of it, whatever the order in which it was found.
  public var digest: Digest {
    var stream = DigestStream()
    for (path, item) in items.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
      stream.update(Array("\(path.count) ".utf8) + path + item.encoded)
    }
    return Digest(bytes: stream.finish()) ?? Digest(of: [])
  }

  /// The path of something that is not the same in both, or in one of them only.
  public func difference(from other: TreeInventory) -> String? {
    let paths = Set(items.keys).union(other.items.keys)
    return paths.filter { items[$0] != other.items[$0] }
      .min { $0.lexicographicallyPrecedes($1) }
      .map { String(decoding: $0, as: UTF8.self) }
  }
}

extension TreeInventory.Item {
  /// Each part behind its length, so that no two items have the same bytes.
  fileprivate var encoded: [UInt8] {
    switch self {
    case .folder(let mode): Array(" folder \(mode)\n".utf8)
    case .file(let mode, let size, let content, let capability):
      Array(" file \(mode) \(size) \(content.hex) \(Hex.encode(capability))\n".utf8)
    case .link(let target): Array(" link \(target.count) ".utf8) + target + [UInt8(ascii: "\n")]
    }
  }
}
