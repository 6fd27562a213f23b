import Crypto
import SchemaCompiler
import Testing
import Wire

/// Sealed records of the golden message, and their verification without its generated code.
@Suite("Verification of sealed records")
struct RecordVerifierTests {
    typealias Sealed = TestEverythingV1.Sealed

    private let first: SealedRecord
    private let second: SealedRecord

    init() throws {
        first = try SealedRecord.seal(
            Sealed(at: .blank(), score: 0.5, commitment: [UInt8](repeating: 7, count: 32)))
        second = try SealedRecord.seal(Sealed(at: .blank(), choices: [.in, .default]))
    }

    /// Reads the schema from the archive that a writer of such records would have kept.
    private func results(_ bytes: [UInt8], archive: [UInt8]? = nil) -> [RecordVerifier.Result] {
        var verifier = RecordVerifier { name, fingerprint in
            .archived(
                archive ?? Array(Sealed.schemaText.utf8), path: "archive.schema", name: name,
                fingerprint: fingerprint)
        }
        var results: [RecordVerifier.Result] = []
        verifier.verify(bytes) { results.append($0) }
        return results
    }

    private func isProven(_ result: RecordVerifier.Result) -> Bool {
        if case .proven = result.verdict { true } else { false }
    }

    @Test("the text that a type carries is the one that its fingerprint names")
    func schemaText() {
        let digest = Fingerprint(bytes: Array(SHA256.hash(data: Array(Sealed.schemaText.utf8))))
        #expect(digest == Sealed.fingerprint)
        let everything = Compilation.golden("everything")
        #expect(everything.canonicalText(of: Sealed.fullName) == Sealed.schemaText)
    }

    @Test("a chain of records is proven, each with its values")
    func proven() {
        let results = results(first.bytes + second.bytes)
        #expect(
            results.map(\.range) == [
                0..<first.bytes.count, first.bytes.count..<first.bytes.count + second.bytes.count,
            ])
        #expect(results.map(\.name) == [Sealed.fullName, Sealed.fullName])
        #expect(results.map(\.digest) == [first.digest, second.digest])
        guard case .proven(let message)? = results.last?.verdict else {
            Issue.record("not proven")
            return
        }
        #expect(message.text(showsPersonalData: false).contains("choices  [in, default]"))
    }

    @Test("P10: every flipped bit is detected, and named where only the digest tells")
    func flippedBits() {
        let whole = first.bytes
        for position in whole.indices {
            for bit in 0..<8 {
                var bytes = whole
                bytes[position] ^= 1 << UInt8(bit)
                #expect(throws: SealError.self) { try SealedRecord.verify(bytes) }
                // One bit of each byte goes through the search for the damage, which costs more.
                guard bit == position % 8 else { continue }
                let results = results(bytes)
                #expect(results.allSatisfy { !isProven($0) }, "bit \(bit) of byte \(position)")
                guard case .broken(_, let byte)? = results.first?.verdict else { continue }
                // A length that points elsewhere, of name or payload, moves what follows it.
                #expect(
                    byte == nil || byte == position || isLength(position, whole), "byte \(position)"
                )
                let isBody = position > 6 + Int(whole[5]) + 36
                if isBody { #expect(byte == position, "bit \(bit) of byte \(position)") }
            }
        }
    }

    private func isLength(_ position: Int, _ record: [UInt8]) -> Bool {
        let header = 6 + Int(record[5]) + 32
        return position < 6 || (header..<header + 4).contains(position)
    }

    @Test("behind damage the next record is still proven")
    func resumes() {
        for damage in [0, 4, 5, 20] {
            var bytes = first.bytes + second.bytes
            bytes[damage] ^= 0x40
            let results = results(bytes)
            #expect(!isProven(results[0]) && isProven(results[results.count - 1]), "byte \(damage)")
        }
        let torn = results(first.bytes + second.bytes.dropLast())
        #expect(torn.count == 2 && isProven(torn[0]) && !isProven(torn[1]))
    }

    @Test("a payload that is not canonical is refused at its byte, though the digest holds")
    func notCanonical() throws {
        var record = first.bytes
        let payload = first.payloadRange
        // score: 0.5 becomes a zero that must be left out.
        let place = try #require(
            record[payload].indices.first { record[$0...].starts(with: [0x11, 0, 0]) })
        for index in place + 1...place + 8 { record[index] = 0 }
        reseal(&record)
        guard case .broken(let reason, let byte)? = results(record).first?.verdict else {
            Issue.record("not refused")
            return
        }
        #expect(reason.contains("/score") && reason.contains("R3"))
        #expect(byte == place + 8)
    }

    @Test("a field that the schema of the record does not know cannot have been sealed")
    func unknownField() throws {
        var record = first.bytes
        record.replaceSubrange(first.payloadRange.upperBound..., with: [0x78, 1])
        let header = first.payloadRange.lowerBound
        record[header - 1] += 2
        record += [UInt8](repeating: 0, count: 32)
        reseal(&record)
        guard case .broken(let reason, _)? = results(record).first?.verdict else {
            Issue.record("not refused")
            return
        }
        #expect(reason.contains("/15"))
    }

    /// Gives a record the digest of its bytes.
    private func reseal(_ record: inout [UInt8]) {
        let domain = [0] + Array("assay.record.v1\0".utf8)
        let body = record[5..<record.count - 32]
        record.replaceSubrange(
            (record.count - 32)..., with: Array(SHA256.hash(data: domain + body)))
    }

    @Test("an archive that was changed, or is another's, proves nothing")
    func archives() {
        let text = Sealed.schemaText
        for archive in ["", text + "\n", text.replacing("score", with: "store")] {
            guard
                case .unread(let reason)? = results(first.bytes, archive: Array(archive.utf8))
                    .first?.verdict
            else {
                Issue.record("read with a changed archive")
                continue
            }
            #expect(reason.contains("was changed"))
        }
    }

    @Test("noise and lying lengths end in bounded time", arguments: 0..<200)
    func hostile(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var bytes = first.bytes + second.bytes
        for _ in 0..<4 {
            var mutation = Mutation(generator: generator)
            bytes = mutation.applied(to: bytes)
            generator = mutation.generator
        }
        let results = results(bytes)
        #expect(results.last?.range.upperBound ?? 0 == bytes.count)
        #expect(
            zip(results, results.dropFirst()).allSatisfy {
                $0.range.upperBound == $1.range.lowerBound
            })
        _ = self.results(Array(repeating: Array("ASY1".utf8), count: 1000).flatMap { $0 })
    }
}
