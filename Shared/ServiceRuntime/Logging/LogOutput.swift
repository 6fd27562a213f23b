internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Where log lines go.
public struct LogOutput: Sendable {
    private let body: @Sendable ([UInt8]) -> Void

    public init(_ body: @escaping @Sendable ([UInt8]) -> Void) {
        self.body = body
    }

    func write(_ line: [UInt8]) {
        body(line)
    }

    static let standardOutput = LogOutput { LockedDescriptor.standardOutput.write($0) }

    /// Whole lines on descriptor 2; lines of two threads never mix. A reader that is gone loses
    /// the line, not the process.
    public static let standardError = LogOutput { LockedDescriptor.standardError.write($0) }
}

/// A file descriptor that takes whole lines from any thread.
final class LockedDescriptor: Sendable {
    static let standardOutput = LockedDescriptor(1)
    static let standardError = LockedDescriptor(2)

    private let descriptor: Mutex<Int32>

    private init(_ descriptor: Int32) {
        self.descriptor = Mutex(descriptor)
    }

    func write(_ line: [UInt8]) {
        descriptor.withLock { descriptor in
            line.withUnsafeBytes { bytes in
                var rest = bytes[...]
                while !rest.isEmpty {
                    let part = UnsafeRawBufferPointer(rebasing: rest)
                    let count = systemWrite(descriptor, part.baseAddress, part.count)
                    if count < 0, errno == EINTR { continue }
                    guard count > 0 else { return }
                    rest = rest.dropFirst(count)
                }
            }
        }
    }
}

#if canImport(Glibc)
    private let systemWrite = Glibc.write
#else
    private let systemWrite = Darwin.write
#endif
