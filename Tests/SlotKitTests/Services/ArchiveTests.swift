import Foundation
import SlotCore
import SlotKitTesting
import Testing

@testable import SlotKit

/// Archives as somebody with a publisher's key, and bad intentions or bad luck, might make them. None leaves anything.
@Suite struct ArchiveTests {
  private func content(
    entries: Int = 1, bytes: UInt64 = 0, _ privileges: [TreeContent.Privilege] = []
  ) -> TreeContent {
    TreeContent(entries: entries, bytes: bytes, privileges: privileges)
  }

  private func refusal(
    _ content: TreeContent, _ make: (inout TarWriter) -> Void
  ) throws -> TreeCode? {
    let harness = try ServiceHarness()
    var tar = TarWriter()
    make(&tar)
    let bundle = ServiceHarness.bundle(tar, content)
    let code = failureCode(TreeCode.self) { try harness.apply(bundle) }
    #expect(try harness.names() == [])
    #expect(harness.effects.log == [])
    #expect(throws: ProgramFailure.self) { try readInPython(bundle, harness) }
    #expect(!FileManager.default.fileExists(atPath: harness.folder.appending(path: "read").path))
    return code
  }

  /// Unpacks the bundle's tree into `read` of the harness's folder, by the reader that was written from
  /// docs/formats/bundle.md.
  private func readInPython(_ bundle: SampleBundle, _ harness: ServiceHarness) throws {
    let reader = URL(filePath: #filePath).appending(path: "../../../reader/krux_tree.py")
    let folder = harness.folder
    try runProgram(
      "python3", reader.standardizedFileURL.path, "extract", try harness.file(bundle),
      folder.appending(path: "keys.d/test.pub").path, "gateway",
      folder.appending(path: "read").path)
  }

  @Test func paths() throws {
    let content = content(entries: 9)
    #expect(try refusal(content) { $0.add("/etc/passwd") } == .absolutePath)
    #expect(try refusal(content) { $0.add("../x") } == .parentPath)
    #expect(try refusal(content) { $0.add([0x61, 0xFF]) } == .nameNotUnicode)
    #expect(
      try refusal(content) {
        $0.add("l", type: "2", target: "/tmp")
      } == .linkOutside)
    #expect(
      try refusal(content) {
        $0.add("l", type: "2", target: ".")
        $0.add("l/x", content: "x")
      } == .noFolder)
    #expect(try refusal(content) { $0.add("h", type: "1", target: "/etc/passwd") } == .absolutePath)
    #expect(try refusal(content) { $0.add("h", type: "1", target: "x") } == .linkOutside)
  }

  /// In an extended header a name has no length, and says itself that it is UTF-8.
  @Test func extendedNames() throws {
    let long = Array(repeating: "d", count: 100).joined(separator: "/")
    func extended(_ name: String) -> (inout TarWriter) -> Void {
      { tar in
        tar.extend([("path", name)])
        tar.add("x")
      }
    }
    #expect(try refusal(content(), extended("/etc/passwd")) == .absolutePath)
    #expect(try refusal(content(), extended("a/../../b")) == .parentPath)
    #expect(try refusal(content(), extended(long)) == .nameTooLong)
    #expect(
      try refusal(content()) { tar in
        tar.extend([("linkpath", "../../x")])
        tar.add("x", type: "2", target: "y")
      } == .linkOutside)
  }

  @Test(arguments: ["3", "4", "6"])
  func devicesAndFifos(type: Character) throws {
    #expect(try refusal(content()) { $0.add("x", type: type) } == .forbiddenType)
  }

  @Test func rights() throws {
    #expect(try refusal(content()) { $0.add("x", mode: 0o4755) } == .unannouncedPrivilege)
    #expect(
      try refusal(content()) { tar in
        tar.extend([("SCHILY.xattr.security.capability", "abc")])
        tar.add("x")
      } == .unannouncedPrivilege)
    #expect(
      try refusal(content()) { tar in
        tar.extend([("SCHILY.xattr.user.x", "abc")])
        tar.add("x")
      } == .forbiddenAttribute)
    #expect(
      try refusal(content()) { tar in
        tar.extend([("SCHILY.acl.access", "user::rwx,user:bin:rwx,group::---,mask::rwx,other::---")]
        )
        tar.add("x")
      } == .forbiddenAttribute)
  }

  @Test func aSparseBomb() throws {
    #expect(
      try refusal(content(bytes: 1 << 30)) { tar in
        tar.extend([
          ("GNU.sparse.name", "x"), ("GNU.sparse.size", "\(1 << 30)"),
          ("GNU.sparse.numblocks", "1"),
          ("GNU.sparse.map", "0,5"),
        ])
        tar.add("x", content: "hello")
      } == .sparseFile)
  }

  @Test func moreThanAnnounced() throws {
    #expect(
      try refusal(content()) { tar in
        tar.add("a")
        tar.add("b")
      } == .tooManyEntries)
    #expect(try refusal(content(bytes: 4)) { $0.add("a", content: "hello") } == .tooManyBytes)
    #expect(try refusal(content(bytes: 6)) { $0.add("a", content: "hello") } == .incompleteTree)
    #expect(try refusal(content(bytes: 1)) { $0.add("a", size: (8 << 30) - 1) } == .tooManyBytes)
  }

  /// Eight thousand frames of the same headers: what is announced ends it, long before the last.
  @Test func aMillionEntries() throws {
    let harness = try ServiceHarness()
    var tar = TarWriter()
    for index in 0..<128 { tar.add("\(index)") }
    #expect(tar.bytes.count == SampleBundle.frameSize)
    var bundle = SampleBundle(
      service: "gateway", archive: tar.bytes, content: content(entries: 100), version: "1.0",
      sequence: 1, key: ServiceHarness.key)
    let count = 8000
    bundle.records = Array(repeating: bundle.records[0], count: count)
    bundle.payload = Array(repeating: bundle.payload, count: count).flatMap { $0 }
    bundle.manifest.artefacts[0].length = UInt64(count * SampleBundle.frameSize)
    bundle.manifest.artefacts[0].payloadLength = UInt64(bundle.payload.count)
    bundle.manifest.artefacts[0].imageDigest = Digest(
      of: bundle.records.flatMap { $0.plainDigest.bytes })
    bundle.describeTable()
    #expect(
      failureCode(TreeCode.self) { try harness.apply(bundle) } == .tooManyEntries)
    #expect(try harness.names() == [])
  }

  @Test func whatIsNoArchive() throws {
    let harness = try ServiceHarness()
    for archive in [
      Array(repeating: UInt8(ascii: "x"), count: 8192), TarWriter().archive,
    ] {
      let bundle = SampleBundle(
        service: "gateway", archive: archive, content: content(), version: "1.0", sequence: 1,
        key: ServiceHarness.key)
      #expect(failureCode(TreeCode.self) { try harness.apply(bundle) } != nil)
    }
    // A file whose content is not there.
    #expect(
      try refusal(content(bytes: 9000)) { $0.add("x", content: "x", size: 9000) }
        == .malformedArchive)
    #expect(try harness.names() == [])
  }

  @Test func nothingStandsBehindTheEnd() throws {
    let harness = try ServiceHarness()
    var tar = TarWriter()
    tar.add("x")
    let zeros = [UInt8](repeating: 0, count: 2 * SampleBundle.frameSize)
    let archive = tar.archive + zeros + [UInt8](repeating: 1, count: 4096)
    let bundle = SampleBundle(
      service: "gateway", archive: archive, content: content(), version: "1.0", sequence: 1,
      key: ServiceHarness.key)
    #expect(failureCode(TreeCode.self) { try harness.apply(bundle) } == .malformedArchive)
  }

  @Test func aDamagedFrameIsNeverUnpacked() throws {
    let harness = try ServiceHarness()
    var bundle = ServiceHarness.bundle("1.0", 1)
    bundle.payload[bundle.payload.count / 2] ^= 1
    #expect(failureCode(BundleCode.self) { try harness.apply(bundle) } == .damagedFrame)
    #expect(try harness.names() == [])
  }

  // MARK: - What other programs make

  /// By python's tarfile: links, long and foreign names, hard links, a folder's rights and times.
  @Test func anArchiveOfAnotherProgram() throws {
    let harness = try ServiceHarness()
    let script = """
      import io, sys, tarfile
      archive = tarfile.open(sys.argv[1], "w", format=tarfile.PAX_FORMAT)
      def add(name, kind, data=b"", **fields):
          info = tarfile.TarInfo(name)
          info.type, info.size, info.mtime = kind, len(data), 1600000000
          for key, value in fields.items(): setattr(info, key, value)
          archive.addfile(info, io.BytesIO(data))
      long = "l" * 120
      add(".", tarfile.DIRTYPE, mode=0o755)
      add("bin", tarfile.DIRTYPE, mode=0o555)
      add("bin/0", tarfile.REGTYPE, b"gateway 1.0", mode=0o755, uid=1000, uname="x")
      add("bin/" + long, tarfile.REGTYPE, b"long")
      add("\\u00fcber", tarfile.SYMTYPE, linkname="bin/0")
      add("hard", tarfile.LNKTYPE, linkname="bin/0")
      archive.close()
      with open(sys.argv[1], "ab") as file: file.write(bytes(-file.tell() % 4096))
      """
    let path = harness.folder.appending(path: "other.tar").path
    try runProgram("python3", "-c", script, path)
    let archive = Array(try Data(contentsOf: URL(filePath: path)))
    let bundle = SampleBundle(
      service: "gateway", archive: archive, content: content(entries: 6, bytes: 15),
      version: "1.0", sequence: 1, key: ServiceHarness.key)
    let outcomes = try harness.apply(bundle)
    #expect(outcomes.map(\.result) == [.installed])
    try readInPython(bundle, harness)
    try runProgram(
      "diff", "--recursive", "--no-dereference", harness.folder.appending(path: "read").path,
      harness.services.appending(path: "gateway-1.0").path)
    let tree = harness.services.appending(path: "gateway-1.0")
    func text(_ name: String) throws -> String {
      try String(contentsOf: tree.appending(path: name), encoding: .utf8)
    }
    #expect(try text("über") == "gateway 1.0")
    #expect(try text("hard") == "gateway 1.0")
    #expect(try text("bin/" + String(repeating: "l", count: 120)) == "long")
    let folder = try FileManager.default.attributesOfItem(
      atPath: tree.appending(path: "bin").path)
    #expect(try #require(folder[.posixPermissions] as? Int) == 0o555)
    let modified = try #require(folder[.modificationDate] as? Date)
    #expect(modified.timeIntervalSince1970 == 1_600_000_000)
    let file = try FileManager.default.attributesOfItem(atPath: tree.appending(path: "hard").path)
    #expect(try #require(file[.ownerAccountID] as? Int) == Int(getuid()))
    #expect(try #require(file[.posixPermissions] as? Int) == 0o755)
  }
}
