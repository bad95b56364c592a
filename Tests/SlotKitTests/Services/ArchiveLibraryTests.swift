import SlotCore
import Testing

@testable import SlotKit

@Suite struct ArchiveLibraryTests {
  @Test func aLibraryThatIsMissingIsNamed() throws {
    let failure = try #require(
      #expect(throws: SystemFailure.self) { try ArchiveLibrary.load("libarchive.so.nowhere") })
    #expect(failure.message.contains("libarchive.so.nowhere"))
    #expect(try #require(failure.hint).contains("libarchive13"))
  }

  /// The C library is there, and has none of libarchive's functions.
  @Test func aFunctionThatIsMissingIsNamed() throws {
    let failure = #expect(throws: SystemFailure.self) { try ArchiveLibrary.load("libc.so.6") }
    #expect("\(try #require(failure))".contains("archive_error_string"))
  }

  @Test func theLibraryHasAllThatIsUsed() throws {
    #expect(throws: Never.self) { try ArchiveLibrary.functions() }
  }
}
