import SlotCore
import Testing

let grubSignature = "# GRUB Environment Block\n"

/// A block of 1,024 bytes with `text` after the signature.
func grubBlock(_ text: String) -> [UInt8] {
  let bytes = Array((grubSignature + text).utf8)
  return bytes + [UInt8](repeating: UInt8(ascii: "#"), count: max(0, 1024 - bytes.count))
}

@Suite struct GrubEnvironmentTests {
  private func decodingCode(_ bytes: [UInt8]) -> BootControlCode? {
    code { _ = try GrubEnvironment(decoding: bytes) }
  }

  @Test func anEmptyBlock() throws {
    #expect(try GrubEnvironment().encoded() == grubBlock(""))
    #expect(try GrubEnvironment(decoding: grubBlock("")).variables.isEmpty)
  }

  @Test func variables() throws {
    let environment = try GrubEnvironment(decoding: grubBlock("a=1\nb=x = y # z\nempty=\n"))
    #expect(environment["a"] == "1")
    #expect(environment["b"] == "x = y # z")
    #expect(environment["empty"] == "")
    #expect(environment["c"] == nil)
    #expect(try environment.encoded() == grubBlock("a=1\nb=x = y # z\nempty=\n"))
  }

  @Test func escapes() throws {
    let block = grubBlock("path=C:\\\\x\ntwo=1\\\n2\nodd=\\q\n")
    let environment = try GrubEnvironment(decoding: block)
    #expect(environment["path"] == "C:\\x")
    #expect(environment["two"] == "1\n2")
    #expect(environment["odd"] == "q")
    #expect(try GrubEnvironment(decoding: environment.encoded()) == environment)
  }

  @Test func commentsBeforeTheVariablesAreKept() throws {
    let text = "# WARNING: Do not edit\n# two\\\nlines, \\\\\na=1\n"
    let environment = try GrubEnvironment(decoding: grubBlock(text))
    #expect(environment.variables.count == 1)
    #expect(try environment.encoded() == grubBlock(text))
  }

  @Test func damaged() {
    let whole = grubBlock("a=1\n")
    for bytes in [
      [], Array(whole.dropLast()), whole + [0x23], [UInt8](repeating: 0, count: 1024),
      Array("# GRUB environment block\n".utf8) + Array(whole.dropFirst(25)), grubBlock("novalue\n"),
      grubBlock("A_OK=1\0x\n"), grubBlock("=1\n"), grubBlock("\n"), grubBlock("a=1\nb"),
      grubBlock("a=" + String(repeating: "x", count: 997)),
      grubBlock("a=1\nb=2\na=3\n"), Array(whole.dropLast()) + [0],
      grubBlock("a=1\n").map { $0 == UInt8(ascii: "1") ? 0xFF : $0 },
    ] { #expect(decodingCode(bytes) == .damaged) }
  }

  @Test func fullToTheLastByteAndNotFurther() throws {
    var environment = GrubEnvironment()
    environment.variables = [.init(name: "a", value: String(repeating: "x", count: 1024 - 25 - 3))]
    let bytes = try environment.encoded()
    #expect(bytes.count == 1024 && bytes.last == UInt8(ascii: "\n"))
    #expect(try GrubEnvironment(decoding: bytes) == environment)
    environment.variables[0].value += "x"
    #expect(code { _ = try environment.encoded() } == BootControlCode.full)
  }

  @Test func damageNeverTraps() throws {
    for bytes in damagedCopies(grubBlock("# note\nORDER=A B\nx=a\\\\b\\\nc\n")) {
      guard let environment = try? GrubEnvironment(decoding: bytes) else { continue }
      #expect(try GrubEnvironment(decoding: environment.encoded()) == environment)
    }
  }

  @Test func anyTextComesBackOrIsRefused() throws {
    var generator = SeededGenerator(seed: 11)
    let alphabet = ["a", "=", "\\", "\n", "#", " ", "é"]
    for _ in 0..<5000 {
      let length = Int.random(in: 0...20, using: &generator)
      let text = (0..<length).map { _ in alphabet.randomElement(using: &generator) ?? "" }.joined()
      guard let read = try? GrubEnvironment(decoding: grubBlock(text + "\n")) else { continue }
      #expect(try GrubEnvironment(decoding: read.encoded()) == read)
    }
  }
}
