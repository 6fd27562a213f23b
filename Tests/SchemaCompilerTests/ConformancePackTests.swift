import Crypto
import Foundation
import SchemaCompiler
import Testing
import Wire

/// The vectors of Tests/Conformance/wire against this implementation, with and without generated code.
@Suite("Conformance pack")
struct ConformancePackTests {
    @Test("generated code says what the vectors say", arguments: ConformancePack.codecFiles)
    func generated(file: String) throws { try check(file, GeneratedCodec()) }

    @Test("dynamic messages say what the vectors say", arguments: ConformancePack.codecFiles)
    func dynamic(file: String) throws { try check(file, DynamicCodec()) }

    @Test("there is a file for every rule")
    func files() {
        #expect(ConformancePack.codecFiles.count >= 18)
    }

    private func check(_ file: String, _ codec: some ConformanceCodec) throws {
        let vectors: [ConformanceVector] = try ConformancePack.read(file)
        #expect(!vectors.isEmpty)
        for vector in vectors {
            let bytes = ConformancePack.bytes(vector.hex)
            #expect(ConformancePack.hex(SHA256.hash(data: bytes)) == vector.sha256)
            check(vector, .strict, vector.strict ? vector.hex : nil, codec)
            check(vector, .tolerant, vector.canonical, codec)
            if let json = vector.json {
                #expect(throws: Never.self, "\(file): \(vector.note)") {
                    let encoded = try codec.encode(json, as: vector.type)
                    #expect(ConformancePack.hex(encoded.bytes) == vector.canonical, "\(json)")
                    #expect(encoded.again == encoded.bytes, "\(json)")
                }
            }
        }
    }

    private func check(
        _ vector: ConformanceVector, _ door: Door, _ expected: String?,
        _ codec: some ConformanceCodec
    ) {
        let place = "\(vector.type), \(vector.note), \(door) door"
        do {
            let encoded = try codec.decode(vector, door)
            #expect(ConformancePack.hex(encoded) == expected, "\(place)")
        } catch let error as WireError {
            let rule = error.rule.map { "R\($0)" } ?? "malformed"
            #expect(expected == nil, "\(place): \(error)")
            #expect(vector.rules(door).contains(rule), "\(place): \(error)")
        } catch {
            Issue.record("\(place): \(error)")
        }
    }

    // MARK: Around the codec

    private struct Sealed: Decodable {
        let note: String
        let record: String
        let valid: Bool
        let name: String?
        let fingerprint: String?
        let payload: String?
        let digest: String?
    }

    @Test("sealed records verify, and forged ones do not")
    func sealedRecords() throws {
        let vectors: [Sealed] = try ConformancePack.read("sealed.json")
        #expect(vectors.contains { $0.valid } && vectors.contains { !$0.valid })
        for vector in vectors {
            let record = try? SealedRecord.verify(ConformancePack.bytes(vector.record))
            #expect((record != nil) == vector.valid, "\(vector.note)")
            guard let record else { continue }
            #expect(record.name == vector.name)
            #expect(record.fingerprint.description == vector.fingerprint)
            #expect(ConformancePack.hex(record.payload) == vector.payload)
            #expect(record.digest.description == vector.digest)
        }
    }

    private struct Committed: Decodable {
        let salt: String
        let value: String
        let commitment: String
    }

    @Test("commitments are those of the vectors")
    func commitments() throws {
        let vectors: [Committed] = try ConformancePack.read("commitments.json")
        for vector in vectors {
            let made = Commitment.make(
                ConformancePack.bytes(vector.value), salt: ConformancePack.bytes(vector.salt))
            #expect(made.map { ConformancePack.hex($0) } == vector.commitment)
        }
    }

    private struct Identity: Decodable {
        let type: String
        let wireText: String
        let wireFingerprint: String
    }

    @Test("wire texts and fingerprints are those that another program computed")
    func fingerprints() throws {
        let compilation = try ConformancePack.compilation()
        let vectors: [Identity] = try ConformancePack.read("fingerprints.json")
        for vector in vectors {
            #expect(compilation.wireText(of: vector.type) == vector.wireText)
            #expect(compilation.wireFingerprint(of: vector.type) == vector.wireFingerprint)
        }
    }
}
