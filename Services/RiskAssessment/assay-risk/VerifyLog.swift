import ArgumentParser
import RiskCore
import Storage

/// `assay-risk --verify-log DIR`: proves digests, links and sequences of a decision log.
struct VerifyLog: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "assay-risk", abstract: "Verifies the decision log of a stopped service.")

    @Option(help: "The service's data directory.")
    var verifyLog: String

    func run() throws {
        let store = try RocksDBStore(directory: verifyLog, families: RiskService.families)
        defer { store.close() }
        let report = try LogVerification.verify(store)
        let proven = report.lastSequence == 0 ? "no records" : "records 1 to \(report.lastSequence)"
        print("proven: \(proven), \(report.bytes) bytes")
        if report.lastSequence > 0 { print("digest: \(Self.hexadecimal(report.lastDigest))") }
        guard let problem = report.firstProblem else {
            print("the log is whole")
            return
        }
        print("broken at \(problem)")
        throw ExitCode(1)
    }

    private static func hexadecimal(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
