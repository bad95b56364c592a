internal import SlotCore

extension OpenedBundle {
  /// Verifies tables, frames and the end. `progress` gets bytes read and bytes in all.
  ///
  /// - Throws: `BundleFailure`, `SourceFailure`, `CancellationFailure`.
  public func verifyContent(
    _ cancellation: Cancellation, progress: (UInt64, UInt64) -> Void = { _, _ in }
  ) throws {
    let tables = try verifiedTables()
    for (index, placed) in manifest.placedTables.enumerated() {
      guard let delta = tables.deltas[index] else { continue }
      try verify(delta, at: payloadOffset(of: placed), cancellation, progress)
    }
    for artefact in manifest.artefacts {
      guard let table = tables.frames[artefact.name] else { continue }
      try verify(table, tables.blocks[artefact.name], of: artefact, cancellation, progress)
    }
    try checkEnd()
  }

  /// Every table in the order in which they stand, those of kinds that this version does not know too. Deltas by
  /// their number among the tables.
  private func verifiedTables() throws -> (
    frames: [String: FrameTable], deltas: [Int: DeltaTable], blocks: [String: BlockTable]
  ) {
    var frames: [String: FrameTable] = [:]
    var deltas: [Int: DeltaTable] = [:]
    var blocks: [String: BlockTable] = [:]
    for (index, placed) in manifest.placedTables.enumerated() {
      let description = placed.description
      let bytes = try reader.bytes(Int(description.length), of: length)
      let artefact = manifest.artefacts.first { $0.name == description.artefact }
      switch (description.kind, artefact) {
      case (TableDescription.frames, let artefact?):
        frames[artefact.name] = try FrameTable(
          verifying: bytes, description: description, artefact: artefact)
      // For these the length of the frame table bounds what the recipes may take.
      case (TableDescription.delta, let artefact?) where artefact.kind == .slotImage:
        deltas[index] = try DeltaTable(
          verifying: bytes, description: description, artefact: artefact)
      case (TableDescription.blocks, let artefact?) where frames[artefact.name] != nil:
        guard let table = frames[artefact.name] else { continue }
        blocks[artefact.name] = try BlockTable(
          verifying: bytes, description: description, frames: table)
      default:
        guard Digest(of: bytes) == description.digest else {
          throw BundleFailure(
            .damagedTable, "the bundle's table '\(description.kind)' is damaged",
            hint: "fetch the bundle again, and tell its publisher if that does not help")
        }
      }
    }
    return (frames, deltas, blocks)
  }

  /// The patches as they are stored: what they make needs the base, which may not be here.
  private func verify(
    _ delta: DeltaTable, at start: UInt64, _ cancellation: Cancellation,
    _ progress: (UInt64, UInt64) -> Void
  ) throws {
    for index in 0..<delta.count {
      try cancellation.check()
      guard let patch = delta[index]?.patch else { continue }
      try reader.skip(to: start + delta.payloadOffset(of: index))
      guard Digest(of: try reader.bytes(patch.storedLength, of: length)) == patch.storedDigest
      else { throw SlotWriting.damaged(index) }
      progress(reader.position, length)
    }
  }

  private func verify(
    _ table: FrameTable, _ blocks: BlockTable?, of artefact: Artefact,
    _ cancellation: Cancellation, _ progress: (UInt64, UInt64) -> Void
  ) throws {
    let stream = FrameStream(self, table, of: artefact, cancellation)
    while let frame = stream.nextFrame {
      guard frame.codec != .zero else {
        stream.pass()
        continue
      }
      guard let content = try stream.next() else { return }
      guard blocks?.describes(content, stored: stream.stored, frame: frame.index) ?? true else {
        throw BundleFailure(
          .malformedTable,
          "the bundle's table of blocks is not of its image, in frame \(frame.index)",
          hint: "tell the bundle's publisher: the bundle was made wrongly")
      }
      progress(reader.position, length)
    }
  }
}
