import AssayMessages
import Foundation
import TestSupport
import Testing
import Wire

/// `schemac verify` on files of sealed records.
@Suite("schemac verify")
struct VerifyTests {
    private let folder = URL(filePath: NSTemporaryDirectory()).appending(path: UUID().uuidString)
    private let records: [SealedRecord]

    init() throws {
        records = try (1...3).map { sequence in
            var event = AssayModelsV1.Event(time: .blank())
            event.model = "payment-fraud"
            event.sequence = UInt64(sequence)
            return try SealedRecord.seal(event)
        }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    private func write(_ bytes: [UInt8], archive: String? = AssayModelsV1.Event.schemaText) throws
        -> String
    {
        let schemas = folder.appending(path: "schemas")
        try? FileManager.default.removeItem(at: schemas)
        if let archive {
            try FileManager.default.createDirectory(at: schemas, withIntermediateDirectories: true)
            try Data(archive.utf8).write(
                to: schemas.appending(path: "\(AssayModelsV1.Event.fingerprint).schema"))
        }
        let file = folder.appending(path: "events.log")
        try Data(bytes).write(to: file)
        return file.path
    }

    private func verify(
        _ file: String, _ flags: String..., root: String = "/nowhere"
    ) async throws -> (status: Int32, output: String) {
        let program = try #require(PackageLayout.executable("schemac"), "schemac was not built")
        let (end, output, errors) = try await ChildProcess.run(
            program, ["verify", "--root", root, file] + flags)
        guard case .exit(let status) = end else {
            Issue.record("ended by \(end): \(errors)")
            return (-1, output)
        }
        return (status, output)
    }

    private var chain: [UInt8] { records.flatMap(\.bytes) }

    @Test("a chain is proven with the schema that lies beside it, and shown on demand")
    func proven() async throws {
        let file = try write(chain)
        let run = try await verify(file)
        let lines = run.output.split(separator: "\n")
        #expect(run.status == 0 && lines.count == 4)
        for (line, record) in zip(lines, records) {
            #expect(line.contains("assay.models.v1.Event"))
            #expect(line.contains("\(record.digest)") && line.hasSuffix("proven"))
        }
        #expect(try await verify(file, "--show").output.contains("    sequence  3\n"))
        try? FileManager.default.removeItem(at: folder)
    }

    @Test("the changed byte is named, and the records around it are still proven")
    func damaged() async throws {
        var bytes = chain
        let place = records[0].bytes.count + records[1].payloadRange.lowerBound + 3
        bytes[place] ^= 0x04
        let run = try await verify(write(bytes))
        #expect(run.status == 1)
        let lines = run.output.split(separator: "\n")
        #expect(lines[0].hasSuffix("proven") && lines[2].hasSuffix("proven"))
        #expect(lines[1].contains("BROKEN at byte \(place): a byte was changed"))
        try? FileManager.default.removeItem(at: folder)
    }

    @Test("without its schema a record is not proven, unless digests are all that is asked for")
    func missingSchema() async throws {
        let file = try write(chain, archive: nil)
        let run = try await verify(file)
        #expect(run.status == 1 && run.output.contains("no schema has its fingerprint"))
        #expect(try await verify(file, "--digests-only").status == 0)
        let changed = try write(chain, archive: AssayModelsV1.Event.schemaText + "// more\n")
        #expect(try await verify(changed).output.contains("was changed"))
        let schemas = PackageLayout.root + "/Proto/Schemas"
        let withRoot = try await verify(write(chain, archive: nil), root: schemas)
        #expect(withRoot.status == 0)
        try? FileManager.default.removeItem(at: folder)
    }

    @Test("an archive elsewhere is named with --archive")
    func archiveOption() async throws {
        let file = try write(chain)
        let other = folder.appending(path: "elsewhere")
        try FileManager.default.moveItem(at: folder.appending(path: "schemas"), to: other)
        #expect(try await verify(file).status == 1)
        #expect(try await verify(file, "--archive", other.path).status == 0)
        try? FileManager.default.removeItem(at: folder)
    }
}
