extension TUF.RoleMetadata {
  /// The member `x-krux-issued`: when it was signed. A device does not believe a clock that is before it.
  public var issued: Timestamp? {
    get {
      others.first { $0.name == issuedMember }?.value.stringValue.flatMap { Timestamp($0) }
    }
    set {
      others.removeAll { $0.name == issuedMember }
      if let newValue { others.append(JSONMember(issuedMember, .string(newValue.description))) }
    }
  }
}

private let issuedMember = "x-krux-issued"
