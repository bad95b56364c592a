/// A unit of this product that runs, and from where.
public struct UnitInUse: Hashable, Sendable {
  public enum Origin: Hashable, Sendable {
    /// Below the directory of services.
    case tree
    /// From a source checkout.
    case checkout(String)
    /// It runs a container.
    case container(ContainerManager)
    /// From anywhere else, such as `/usr/bin`.
    case system
  }

  public var name: String
  public var origin: Origin

  public init(_ name: String, _ origin: Origin) {
    self.name = name
    self.origin = origin
  }
}

/// What was found on a machine that tells how the product was installed there.
public struct ModeMarks: Equatable, Sendable {
  /// The running root is one of the two slots.
  public var bootsFromSlot = false
  /// The services that have a link to a version, by name.
  public var trees: [String] = []
  /// The directory that they stand in.
  public var servicesDirectory: String
  public var container: ContainerMark?
  /// The checkout that the running program stands in.
  public var programCheckout: String?
  /// The running units of this product.
  public var units: [UnitInUse] = []

  public init(servicesDirectory: String = "/usr/lib/krux") {
    self.servicesDirectory = servicesDirectory
  }

  /// The checkouts that are in use, by units first, each once.
  public var checkouts: [String] {
    let all = units.compactMap { unit -> String? in
      if case .checkout(let path) = unit.origin { path } else { nil }
    }
    return (all + [programCheckout].compactMap { $0 }).reduce(into: []) { seen, path in
      if !seen.contains(path) { seen.append(path) }
    }
  }

  /// The managers whose containers units of this product run.
  public var managersOfUnits: [ContainerManager] {
    units.compactMap { if case .container(let manager) = $0.origin { manager } else { nil } }
  }
}
