import Foundation
import Testing

/// `make powercut-services` with fewer combinations by chance.
@Suite struct ServicePowerCutTests {
  @Test func noCutLeavesAServiceInPart() throws {
    let script = URL(filePath: #filePath).appending(path: "../../powercut-services/run")
    let ended = try run([
      script.standardizedFileURL.path, Executable.folder.path, "--subsets", "2",
    ])
    #expect(ended.status == 0, "\(ended.errors)")
    #expect(ended.output.contains("\nNo cut of "))
  }
}
