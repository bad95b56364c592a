import Foundation

/// Runs a program and returns what it printed; throws when it fails.
@discardableResult
func runProgram(_ words: String...) throws -> String { try runProgram(words) }

@discardableResult
func runProgram(_ words: [String]) throws -> String {
  let process = Process()
  process.executableURL = URL(filePath: "/usr/bin/env")
  process.arguments = words
  let pipe = Pipe()
  process.standardOutput = pipe
  process.standardError = pipe
  try process.run()
  let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
  process.waitUntilExit()
  let text = String(decoding: output, as: UTF8.self)
  guard process.terminationStatus == 0 else { throw ProgramFailure(words: words, output: text) }
  return text
}

struct ProgramFailure: Error {
  let words: [String]
  let output: String
}
