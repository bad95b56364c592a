public import SlotCore

extension SampleBundle {
  /// A bundle of one service alone, whose tree is `archive`: a tar archive of whole blocks.
  public init(
    service: String, archive: [UInt8], content: TreeContent, version: String, sequence: Int64,
    floor: Int64? = nil, key: SecretKey
  ) {
    self.init(image: archive, version: version, sequence: sequence, key: key)
    manifest.artefacts[0].name = service
    manifest.artefacts[0].kind = .tree
    manifest.artefacts[0].tree = content
    manifest.tables[0].artefact = service
    manifest.floor = floor
  }
}
