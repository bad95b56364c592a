public import SlotCore
internal import SystemPackage

/// Why something that the publisher asked for cannot be written.
public enum OutputCode: String, FailureCode {
  public static var domain: FailureDomain { .output }

  case exists
  case cannotWrite = "cannot_write"
}

public typealias OutputFailure = Failure<OutputCode>

/// What is wrong with what the publisher asked for.
public enum RequestCode: String, FailureCode {
  public static var domain: FailureDomain { .usage }

  case invalidValue = "invalid_value"
  case imageEmpty = "image_empty"
  case imageTooLarge = "image_too_large"
  case tooManySignatures = "too_many_signatures"
}

public typealias RequestFailure = Failure<RequestCode>

extension Failure where Code == OutputCode {
  static func cannotWrite(_ path: FilePath, _ error: any Error) -> OutputFailure {
    let errno = error as? Errno
    return OutputFailure(
      .cannotWrite, "cannot write \(path.string.printable): \(errno.map { "\($0)" } ?? "\(error)")",
      hint: "check the directory, its permissions and the free space",
      systemError: errno?.rawValue)
  }
}

extension Failure where Code == SourceCode {
  static func cannotOpen(_ path: FilePath, _ error: any Error) -> SourceFailure {
    let errno = error as? Errno
    return SourceFailure(
      errno == .noSuchFileOrDirectory ? .notFound : .unreadable,
      "cannot read \(path.string.printable): \(errno.map { "\($0)" } ?? "\(error)")",
      hint: "check the name and the permissions", systemError: errno?.rawValue)
  }
}
