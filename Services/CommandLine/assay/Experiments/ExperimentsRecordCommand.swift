import ArgumentParser
import AssayMessages
import Foundation

/// Sends outcomes of decisions to the experiments they belong to.
struct ExperimentsRecordCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "record",
        abstract: "Records outcomes of decisions, for experiments to count.",
        discussion: """
            One outcome a line, as JSON: {"id": "o-1", "subject": {"decision": "…"}, "name": \
            "outcome.fraud_amount", "value": 12.5, "observedAt": "2027-03-01T00:00:00Z"}. In place \
            of a decision, {"unit": {"kind": "customer", "id": "c-1001", "at": "…"}}. An outcome \
            sent twice counts once, so a file that failed midway is sent again.
            """)

    @Argument(help: "File of outcomes; - is standard input.") var file: String
    @OptionGroup var service: ExperimentsOptions

    func run() async throws {
        let outcomes = try Self.outcomes(try read(), file: file)
        let summary = try await service.call(deadline: ExperimentsOptions.longest) {
            client, options in
            try await client.recordOutcome(options: options) { requests in
                for outcome in outcomes { try await requests.write(outcome) }
            }
        }
        print(
            "\(String(summary.received, "outcome")) received: \(summary.recorded) recorded, "
                + "\(summary.repeated) known already, \(summary.conflicting) in conflict")
        if summary.conflicting > 0 {
            print(
                "  these ids stand for something else already, which stays: "
                    + summary.firstConflicts.joined(separator: ", "))
            throw ExitCode(1)
        }
    }

    private func read() throws -> Data {
        if file == "-" { return FileHandle.standardInput.readDataToEndOfFile() }
        return try NamedFile.bytes(file)
    }

    static func outcomes(_ data: Data, file: String) throws -> [AssayModelsV1.Outcome] {
        var outcomes: [AssayModelsV1.Outcome] = []
        let newline = UInt8(ascii: "\n")
        for (index, line) in data.split(separator: newline, omittingEmptySubsequences: false)
            .enumerated()
        {
            if line.allSatisfy({ $0 == 0x20 || $0 == 0x0D || $0 == 0x09 }) { continue }
            let outcome: AssayModelsV1.Outcome
            do {
                outcome = try AssayModelsV1.Outcome(jsonBytes: Array(line))
            } catch {
                throw Complaint("\(file):\(index + 1): \(error)")
            }
            // Here a line has a number; the service would only know a place in the stream.
            if let violation = outcome.violations().first {
                throw Complaint("\(file):\(index + 1): \(violation)")
            }
            outcomes.append(outcome)
        }
        return outcomes
    }
}
