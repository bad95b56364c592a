internal import ArgumentParser
internal import SlotCore
internal import SlotKit

struct Inspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show what a bundle says of itself. Nothing is verified.",
    discussion: """
      EXAMPLES:
        krux-release bundle inspect kruxos-1.0.1.krux
        krux-release bundle inspect kruxos-1.0.1.krux --json
      """)

  @Argument(help: "The bundle.")
  var bundle: String

  @Flag(help: "Print one JSON object.")
  var json = false

  func run() throws {
    let inspection = try BundleInspection(bundle)
    print(json ? inspection.json.pretty : text(inspection), terminator: "")
  }

  private func text(_ inspection: BundleInspection) -> String {
    let manifest = inspection.manifest
    var lines = [
      "\(bundle): \(inspection.length) bytes, NOT VERIFIED",
      "Product:        \(manifest.product)",
      "Version:        \(manifest.version)",
      "Sequence:       \(manifest.sequence)",
      "Compatible:     \(manifest.compatible.map(\.printable).joined(separator: ", "))",
      "Created:        \(manifest.created)",
    ]
    if let source = manifest.minimumSource { lines.append("Minimum source: \(source)") }
    if let floor = manifest.floor { lines.append("Floor:          \(floor)") }
    lines += manifest.notes.map { "Note:           \($0.printable)" }
    for part in inspection.artefacts {
      lines.append(
        "Artefact:       \(part.artefact.name), \(part.artefact.kind.rawValue), "
          + "\(part.artefact.length) bytes, \(part.artefact.payloadLength) stored")
      lines.append("  Image digest: \(part.artefact.imageDigest.hex)")
      lines.append(
        "  Frames:       \(part.artefact.frameCount) of \(part.artefact.frameSize) bytes: "
          + "\(part.zstd) zstd, \(part.stored) stored, \(part.zero) zero")
      if let tree = part.artefact.tree {
        lines.append("  Tree:         \(tree.entries) entries, \(tree.bytes) bytes")
        lines += tree.units.map { "  Unit:         \($0.printable)" }
        lines += tree.privileges.map { "  Privileged:   \($0.path.printable)" }
      }
    }
    lines += manifest.tables.map { table in
      let base = table.base.map { ", from image \($0.hex)" } ?? ""
      let payload = table.payloadLength > 0 ? ", \(table.payloadLength) in the payload" : ""
      return
        "Table:          \(table.kind) of \(table.artefact), \(table.length) bytes\(payload)\(base)"
    }
    if let problem = inspection.signatureProblem { lines.append("Signatures:     \(problem)") }
    lines += inspection.signatures.map {
      "Signature:      \($0.keyID), \($0.trustedComment.printable)"
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
