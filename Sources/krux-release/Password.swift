internal import Glibc
internal import SlotCore
internal import SlotKit

/// Passwords, asked for on the terminal without showing them.
enum Password {
  static var canAsk: Bool { isatty(STDIN_FILENO) == 1 }

  /// The secret key in `path`, asking for its password when there is one and no file holds it.
  static func unlock(_ path: String, passwordFile: String?) throws -> SecretKey {
    if let passwordFile {
      return try KeyFiles.secretKey(path, password: try KeyFiles.password(passwordFile))
    }
    guard try KeyFiles.needsPassword(path) else {
      return try KeyFiles.secretKey(path, password: nil)
    }
    guard let password = ask("Password for \(path): ") else {
      throw TrustFailure(
        .wrongPassword, "the secret key \(path) needs a password",
        hint: "give it with --password-file")
    }
    return try KeyFiles.secretKey(path, password: password)
  }

  /// A new password, asked for twice; nil when it is empty.
  static func choose() throws -> [UInt8]? {
    let first = ask("Password (empty for none): ") ?? []
    guard !first.isEmpty else { return nil }
    guard ask("Again: ") == first else {
      throw TrustFailure(.wrongPassword, "the passwords differ", hint: "run the command again")
    }
    return first
  }

  /// Nil when standard input is no terminal or ends.
  private static func ask(_ prompt: String) -> [UInt8]? {
    var old = termios()
    guard tcgetattr(STDIN_FILENO, &old) == 0 else { return nil }
    var silent = old
    silent.c_lflag &= ~tcflag_t(ECHO)
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent)
    defer {
      tcsetattr(STDIN_FILENO, TCSAFLUSH, &old)
      Report.note("")
    }
    Report.write(prompt)
    return readLine().map { Array($0.utf8) }
  }
}
