/// How this machine was installed, as far as its marks tell: docs/decisions/0025 has the reasons.
public enum ModeVerdict: Equatable, Sendable {
  case one(Mode)
  /// Two modes or more at once, in the order of `Mode`, and the one that the running units execute. Nil where no
  /// unit runs that tells.
  case mixed([Mode], inUse: Mode?)
  /// No mark of any mode: a system that the product was not installed on, or not wholly.
  case unknown

  public init(_ marks: ModeMarks) {
    let modes = ModeVerdict.modes(marks)
    switch modes.count {
    case 0: self = .unknown
    case 1: self = .one(modes[0])
    default: self = .mixed(modes, inUse: ModeVerdict.inUse(marks, among: modes))
    }
  }

  /// Those whose marks are there, less those that are part of another.
  private static func modes(_ marks: ModeMarks) -> [Mode] {
    let isContained = marks.container?.isSure ?? false
    let isReplacedWhole = isContained && !(marks.container?.manager.keepsItsRoot ?? false)
    var modes: Set<Mode> = []
    // A container on an appliance may have its files, and so its root, in a slot.
    if marks.bootsFromSlot, !isContained { modes.insert(.image) }
    if !marks.checkouts.isEmpty { modes.insert(.development) }
    // Services of an appliance, and those in a container's image, come and go with it or beside it.
    if !marks.trees.isEmpty, !modes.contains(.image), !isReplacedWhole { modes.insert(.tree) }
    // An appliance may run containers. Elsewhere a unit of this product that runs one is its installation.
    if !marks.managersOfUnits.isEmpty, !modes.contains(.image) { modes.insert(.container) }
    // A container says where a system runs; what it holds may say more of how the product came there.
    if modes.isEmpty, marks.container != nil { modes.insert(.container) }
    return Mode.allCases.filter(modes.contains)
  }

  /// The mode whose files the running units execute, if all that tell agree.
  private static func inUse(_ marks: ModeMarks, among modes: [Mode]) -> Mode? {
    let told = Set(
      marks.units.compactMap { unit -> Mode? in
        switch unit.origin {
        case .tree: modes.contains(.image) ? .image : .tree
        case .checkout: .development
        case .container: .container
        case .system: modes.contains(.image) ? .image : nil
        }
      }
    ).intersection(modes)
    // What runs is what was booted, unless a unit says otherwise.
    if told.isEmpty, modes.contains(.image) { return .image }
    return told.count == 1 ? told.first : nil
  }
}
