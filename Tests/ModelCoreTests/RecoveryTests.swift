import AssayMessages
import Foundation
import RPC
import Storage
import Testing

@testable import ModelCore

@Suite("Recovery")
struct RecoveryTests {
    @Test("after a restart the same versions, aliases and answers are there")
    func restart() async throws {
        let kit = try RegistryKit()
        defer { kit.removeFolder() }
        let request = try Example.credit.registration(model: "m")
        let before = try await kit.open()
        let version = try await before.register(request)
        let alias = try await before.setAlias(.move("m", to: 1))
        let after = try await kit.open()
        #expect(after.snapshot.generation == before.snapshot.generation)
        #expect(try after.snapshot.alias("champion", of: "m") == alias)
        #expect(try await after.register(request) == version)
        #expect(after.snapshot.damagedAliases.isEmpty)
        let next = try Example.credit.registration(model: "m", id: "r-2")
        #expect(try await after.register(next).number == 2)
    }

    @Test("a damaged artifact makes its version unavailable, never wrong")
    func damaged() async throws {
        let kit = try RegistryKit()
        defer { kit.removeFolder() }
        let before = try await kit.open()
        _ = try await before.register(try Example.credit.registration(model: "m"))
        _ = try await before.setAlias(.move("m", to: 1))
        let file = try #require(try kit.artifactFiles().first)
        var bytes = try Data(contentsOf: file)
        bytes[1_000] ^= 1
        try bytes.write(to: file)

        let after = try await kit.open()
        #expect(after.snapshot.damagedAliases.map(\.version) == [1])
        let request = AssayModelsV1.PredictRequest(requestID: "p", model: "m")
        let error = await refusal { try Predictor.predict(request, in: after.serving.latest) }
        #expect(error.code == .unavailable)
        #expect(error.message.contains("no longer have this hash"))
        // The pointer does not move to it either, and stays where it is.
        let move = await refusal {
            try await after.setAlias(.move("m", to: 1, from: 1, generation: 1, id: "a-2"))
        }
        #expect(move.code == .failedPrecondition)
        #expect(try after.snapshot.alias("champion", of: "m").generation == 1)
        // Uploading the same bytes again repairs the file.
        _ = try await after.register(try Example.credit.registration(model: "m", id: "r-2"))
        _ = try await after.setAlias(.move("m", to: 1, from: 1, generation: 1, id: "a-3"))
        #expect(after.snapshot.damagedAliases.isEmpty)
    }

    @Test("a head is read as it was written, and nothing else is one")
    func head() {
        var head = RegistryHead()
        #expect(RegistryHead(head.bytes) == head)
        head.nextVersion = 7
        head.nextSequence = 9
        head.lastDigest = Array(0..<32)
        #expect(RegistryHead(head.bytes) == head)
        for length in 0..<60 where length != 12 && length != 44 {
            #expect(RegistryHead([UInt8](repeating: 1, count: length)) == nil)
        }
    }
}

@Suite("The artifact folder")
struct ArtifactFolderTests {
    @Test("bytes come back by their hash; missing and damaged ones are errors")
    func roundTrip() throws {
        let kit = try RegistryKit()
        defer { kit.removeFolder() }
        for size in [0, 1, 3_000_000] {
            let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            let digest = try kit.artifacts.put(bytes)
            #expect(try kit.artifacts.get(digest) == bytes)
            #expect(try kit.artifacts.put(bytes) == digest)
        }
        #expect(try kit.artifactFiles().count == 3)
        let error = #expect(throws: ArtifactError.self) {
            try kit.artifacts.get(ArtifactDigest(of: [1, 2, 3]))
        }
        #expect(error?.code == .missing)
    }

    @Test("what a crash left behind is removed at the next start")
    func leftovers() throws {
        let kit = try RegistryKit()
        defer { kit.removeFolder() }
        let root = kit.folder.appending(path: "artifacts")
        try Data([1]).write(to: root.appending(path: "tmp/half-written"))
        _ = try ArtifactFolder(path: root.path)
        #expect(try kit.artifactFiles().isEmpty)
    }

    @Test("the name is the SHA-256 in hexadecimal")
    func name() {
        #expect(
            ArtifactDigest(of: Array("abc".utf8)).description
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(ArtifactDigest([1, 2]) == nil)
    }
}
