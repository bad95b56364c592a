/// One entry of an archive, as it stands there.
public struct TreeEntry: Equatable, Sendable {
  public enum Kind: Equatable, Sendable {
    case file(size: Int64)
    case folder
    case link(target: [UInt8])
    /// A further name of a file that came before.
    case hardLink(target: [UInt8])
    /// In words.
    case other(String)
  }

  public var path: [UInt8]
  public var kind: Kind
  /// The twelve bits of permission.
  public var mode: Int
  /// The attribute `security.capability`.
  public var capability: [UInt8]
  /// The first other attribute, or list of access rights.
  public var attribute: String?
  public var isSparse: Bool

  public init(
    path: [UInt8], kind: Kind, mode: Int = 0o644, capability: [UInt8] = [],
    attribute: String? = nil, isSparse: Bool = false
  ) {
    self.path = path
    self.kind = kind
    self.mode = mode
    self.capability = capability
    self.attribute = attribute
    self.isSparse = isSparse
  }
}

/// What is made of an entry, below the root of the tree.
public struct TreeStep: Equatable, Sendable {
  public enum Kind: Equatable, Sendable {
    case file(size: Int64)
    case folder
    case link(target: String)
    case hardLink(to: String)
  }

  /// From the root of the tree, without `.`, `..` or a `/` at either end; empty for the root itself.
  public let path: String
  public let kind: Kind
  public let mode: Int
  public let capability: [UInt8]
}
