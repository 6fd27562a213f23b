import ArgumentParser
import AssayMessages
import Foundation
import RiskCore
import Storage

/// `assay-risk --verify-log DIR`: proves digests, links and sequences of a decision log; with
/// `--deep` it also decodes every record and looks at what is kept beside it; with `--export FILE` it also writes the records, and beside them the schemas that say what they mean.
struct VerifyLog: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "assay-risk", abstract: "Verifies the decision log of a stopped service.")

    @Option(help: "The service's data directory.")
    var verifyLog: String

    @Option(help: "Also write the sealed records here, for 'schemac verify'; schemas beside it.")
    var export: String?

    @Flag(
        help: """
            Also decode every record strictly, and hold the personal facts and requests that are kept \
            against what their records say of them.
            """)
    var deep = false

    /// A log that is not there must not be proven: opening a store would make an empty one.
    func validate() throws {
        guard FileManager.default.fileExists(atPath: verifyLog + "/CURRENT") else {
            throw ValidationError("'\(verifyLog)' holds no decision log")
        }
    }

    func run() throws {
        let store = try RocksDBStore(directory: verifyLog, families: RiskService.families)
        defer { store.close() }
        if let export { try write(store, to: export) }
        let (report, evidence) = try verify(store)
        let proven = report.lastSequence == 0 ? "no records" : "records 1 to \(report.lastSequence)"
        print("proven: \(proven), \(report.bytes) bytes")
        if report.lastSequence > 0 { print("digest: \(Self.hexadecimal(report.lastDigest))") }
        if deep {
            print(
                "personal facts: \(evidence.held) as committed to, \(evidence.erased) erased, "
                    + "\(evidence.altered) altered")
        }
        let problem = report.firstProblem
        print(problem.map { "broken at \($0)" } ?? "the log is whole")
        if let altered = evidence.firstProblem { print("altered at \(altered)") }
        if problem != nil || evidence.altered > 0 { throw ExitCode(1) }
    }

    private func verify(_ store: RocksDBStore) throws -> (LogReport, EvidenceCheck) {
        var evidence = EvidenceCheck(store: store)
        guard deep else { return (try LogVerification.verify(store), evidence) }
        var walk = try LogWalk(store, decodes: true)
        while try walk.advance(
            records: .max, visit: { _, record in try evidence.check(record) })
        {}
        return (walk.report, evidence)
    }

    private func write(_ store: RocksDBStore, to path: String) throws {
        guard FileManager.default.createFile(atPath: path, contents: nil),
            let file = FileHandle(forWritingAtPath: path)
        else { throw ValidationError("cannot write '\(path)'") }
        defer { try? file.close() }
        let count = try LogExport.records(of: store) { try file.write(contentsOf: Data($0)) }
        let beside = SchemaArchive(
            directory: URL(filePath: path).deletingLastPathComponent().appending(path: "schemas"))
        try SchemaArchive(directory: URL(filePath: verifyLog).appending(path: "schemas"))
            .copy(to: beside)
        try beside.keep(AssayRiskV1.DecisionRecord.self)
        try beside.keep(AssayRiskV1.ChangeRecord.self)
        print("wrote \(count) records to \(path); prove them with: schemac verify \(path)")
    }

    private static func hexadecimal(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
