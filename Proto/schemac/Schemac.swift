internal import ArgumentParser

/// The schema compiler's command line (wire.md §17).
///
/// Exit status: 0 clean, 1 findings or drift, 2 usage or input and output.
@main
struct Schemac: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schemac",
        abstract: "Compiles .schema files into Swift and .proto.",
        subcommands: [
            Compile.self, Check.self, Format.self, Breaking.self, Describe.self, Explain.self,
            Encode.self, Decode.self, Verify.self,
        ])

    static func main() {
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch let failure as Failure {
            Console.error(failure.message)
            exit(withError: ExitCode(failure.status))
        } catch let status as ExitCode {
            exit(withError: status)
        } catch {
            // Help and version are not failures; everything else that the parser says is usage.
            if exitCode(for: error) == .success { exit(withError: error) }
            Console.error(fullMessage(for: error))
            exit(withError: ExitCode(2))
        }
    }
}

/// Why a command ends without doing its work.
struct Failure: Error {
    let message: String
    let status: Int32

    /// The sources have errors, or generated files differ.
    static func findings(_ message: String) -> Failure { Failure(message: message, status: 1) }

    /// A file or directory cannot be read or written.
    static func input(_ message: String) -> Failure { Failure(message: message, status: 2) }
}
