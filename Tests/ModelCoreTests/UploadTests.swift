import AssayMessages
import Crypto
import Foundation
import RPC
import Testing

@testable import ModelCore

@Suite("Model files that come in parts")
struct UploadTests {
    private func parts(
        _ artifact: [UInt8], id: String = "u-1", size: Int? = nil, digest: [UInt8]? = nil,
        step: Int = 10_000
    ) throws -> AsyncStream<AssayModelsV1.UploadPart> {
        let manifest = try Example.credit.manifest()
        return AsyncStream { stream in
            let start = AssayModelsV1.UploadStart(
                requestID: id, model: "m", manifest: manifest,
                size: UInt64(size ?? artifact.count), actor: "ann")
            stream.yield(.init(piece: .start(start)))
            for start in stride(from: 0, to: artifact.count, by: step) {
                let part = Array(artifact[start..<min(start + step, artifact.count)])
                stream.yield(.init(piece: .data(part)))
            }
            let own = Array(SHA256.hash(data: artifact))
            stream.yield(.init(piece: .digest(digest ?? own)))
            stream.finish()
        }
    }

    @Test("a file is registered as in one message, once per request id")
    func registered() async throws {
        let kit = try RegistryKit()
        defer { kit.removeFolder() }
        let registry = try await kit.open()
        let artifact = try Example.credit.artifact()
        let first = try await registry.upload(try parts(artifact), by: "ci")
        #expect(first.number == 1 && first.size == UInt64(artifact.count) && first.uploader == "ci")
        #expect(try await registry.upload(try parts(artifact, step: 777), by: "ci") == first)
        let whole = try await registry.register(try Example.credit.registration(model: "m"))
        #expect(whole.number == 2 && whole.artifact == first.artifact)
        #expect(try kit.artifactFiles().count == 1)
        let reused = await refusal {
            try await registry.upload(try parts(Example.payments.artifact()), by: "ci")
        }
        #expect(reused.code == .alreadyExists)
        _ = try await registry.setAlias(.move("m", to: 1))
        let recovered = try await kit.open()
        #expect(recovered.snapshot.damagedAliases.isEmpty)
    }

    @Test("what is wrong with an upload is named, and nothing of it stays")
    func refused() async throws {
        let kit = try RegistryKit()
        defer { kit.removeFolder() }
        let registry = try await kit.open()
        let artifact = try Example.credit.artifact()
        func refusal(_ parts: AsyncStream<AssayModelsV1.UploadPart>) async -> String {
            let error = await ModelCoreTests.refusal {
                try await registry.upload(parts, by: "ci")
            }
            return error.code == .invalidArgument ? error.message : "\(error)"
        }
        let wrong = await refusal(try parts(artifact, digest: Array(repeating: 7, count: 32)))
        #expect(wrong.contains("hashes to"))
        #expect(await refusal(try parts(artifact, size: 99)).contains("more than the 99 bytes"))
        #expect(await refusal(try parts(artifact, size: 9_999_999)).contains("were announced"))
        #expect(await refusal(try parts(artifact, size: 600 << 20)).contains("expected 1 to"))
        let small = try await kit.open(largestUpload: 1_000)
        let large = await ModelCoreTests.refusal {
            try await small.upload(try parts(artifact), by: "ci")
        }
        #expect(large.message.contains("expected 1 to 1000 bytes, got \(artifact.count)"))
        let pickle = [UInt8]([0x80, 4, 0x95]) + artifact
        #expect(await refusal(try parts(pickle)).contains("a pickle can run code"))
        for (head, word) in [
            ([0x7F, 0x45, 0x4C, 0x46], "ELF"), ([0x50, 0x4B, 3, 4], "compressed"),
            ([0x1F, 0x8B, 8, 0], "compressed"), ([0x78, 0x9C, 1, 1], "compressed"),
        ] as [([UInt8], String)] {
            #expect(await refusal(try parts(head + artifact)).contains(word))
        }
        let cut = await refusal(try parts(Array(artifact.dropLast(9))))
        #expect(cut.contains("byte"))
        let noEnd = AsyncStream<AssayModelsV1.UploadPart> { $0.finish() }
        #expect(await refusal(noEnd).contains("begins with it"))
        #expect(registry.snapshot.models.isEmpty)
        // The thread that checked a file lets go of it behind the answer.
        for _ in 0..<200 {
            if try kit.artifactFiles().isEmpty { break }
            try await Task.sleep(for: .milliseconds(25))
        }
        #expect(try kit.artifactFiles().isEmpty)
    }
}
