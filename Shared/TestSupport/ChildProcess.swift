internal import Foundation
internal import Synchronization

/// A program a test started. It ends with this object at the latest, by its process id alone.
public final class ChildProcess: Sendable {
    public struct Failure: Error, CustomStringConvertible {
        public let description: String
    }

    /// How a program ended.
    public enum End: Sendable, Hashable {
        case exit(Int32)
        case signal(Int32)
    }

    private let process: Process
    private let output: ProcessOutput
    private let errors: ProcessOutput

    /// Starts `executable`, a full path.
    public init(
        _ executable: String, _ arguments: [String] = [], environment: [String: String] = [:],
        directory: String? = nil
    ) throws {
        let process = Process()
        process.executableURL = URL(filePath: executable)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        if let directory { process.currentDirectoryURL = URL(filePath: directory) }
        output = ProcessOutput()
        errors = ProcessOutput()
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output.pipe
        process.standardError = errors.pipe
        do {
            try process.run()
        } catch {
            throw Failure(description: "cannot start \(executable): \(error)")
        }
        output.closeWriter()
        errors.closeWriter()
        self.process = process
    }

    deinit {
        kill()
    }

    /// Has it killed when this process exits, for those that outlive every test.
    public func endWithTests() {
        let isFirst = Self.lasting.withLock { lasting in
            lasting.append(processID)
            return lasting.count == 1
        }
        guard isFirst else { return }
        atexit {
            for id in ChildProcess.lasting.withLock({ $0 }) { Foundation.kill(id, SIGKILL) }
        }
    }

    private static let lasting = Mutex<[Int32]>([])

    public var processID: Int32 { process.processIdentifier }
    public var isRunning: Bool { process.isRunning }

    /// Everything the program has printed so far.
    public var standardOutput: String { output.text }
    public var standardError: String { errors.text }

    /// Waits for the first line of standard output that `matches`, and returns it.
    public func line(
        within limit: Duration = .seconds(20), where matches: @Sendable @escaping (String) -> Bool
    ) async throws -> String {
        if let line = await output.line(within: limit, where: matches) { return line }
        throw Failure(
            description: "the line did not come; output: \(standardOutput), \(standardError)")
    }

    /// Asks the program to end (SIGTERM).
    public func terminate() {
        send(SIGTERM)
    }

    /// Ends the program now (SIGKILL).
    public func kill() {
        send(SIGKILL)
    }

    public func send(_ signal: Int32) {
        if process.isRunning { Foundation.kill(process.processIdentifier, signal) }
    }

    /// Waits until the program has ended and all its output is here.
    public func end() async -> End {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { [process] in
                process.waitUntilExit()
                continuation.resume()
            }
        }
        await output.finished()
        await errors.finished()
        return process.terminationReason == .exit
            ? .exit(process.terminationStatus) : .signal(process.terminationStatus)
    }

    /// Runs a program to its end.
    public static func run(
        _ executable: String, _ arguments: [String] = [], environment: [String: String] = [:],
        directory: String? = nil
    ) async throws -> (end: End, output: String, errors: String) {
        let child = try ChildProcess(
            executable, arguments, environment: environment, directory: directory)
        let end = await child.end()
        return (end, child.standardOutput, child.standardError)
    }
}
