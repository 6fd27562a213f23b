import AssayMessages
import RPC
import Testing

@testable import ModelCore

@Suite("Bytes of erased versions")
struct SweepTests {
    private static let day: Int64 = 24 * 3_600_000

    /// Version 1 of the models m and n, which have the same bytes, brought at the clock's time.
    private func registry() async throws -> (RegistryKit, ModelRegistry) {
        let kit = try RegistryKit()
        let registry = try await kit.open()
        for model in ["m", "n"] {
            _ = try await registry.register(TinyModel.registration(model))
        }
        try kit.dateArtifacts()
        return (kit, registry)
    }

    private func set(
        _ registry: ModelRegistry, _ model: String, _ status: AssayModelsV1.VersionStatus,
        id: String = ""
    ) async throws {
        _ = try await registry.setStatus(
            .init(
                requestID: "\(model)-\(status)\(id)", model: model, version: 1, status: status,
                reason: "no longer allowed"), by: status == .erased ? "carol" : "bob")
    }

    private func pass(_ kit: RegistryKit, _ milliseconds: Int64) {
        kit.clock.withLock { $0 += milliseconds }
    }

    @Test("go a day after the last version that has them was erased")
    func lastReference() async throws {
        let (kit, registry) = try await registry()
        defer { kit.removeFolder() }
        for status in [.retired, .erased] as [AssayModelsV1.VersionStatus] {
            try await set(registry, "m", status)
        }
        pass(kit, 2 * Self.day)
        #expect(try await registry.sweepArtifacts() == [])
        for status in [.retired, .erased] as [AssayModelsV1.VersionStatus] {
            try await set(registry, "n", status)
        }
        pass(kit, Self.day - 1)
        #expect(try await registry.sweepArtifacts() == [])
        #expect(try kit.artifactFiles().count == 1)
        pass(kit, 1)
        let digest = ArtifactDigest(of: TinyModel.artifact())
        #expect(try await registry.sweepArtifacts() == [digest.description])
        #expect(try kit.artifactFiles() == [])
        #expect(try await registry.sweepArtifacts() == [])
    }

    @Test("a sweep finds what a process left that ended before it could remove it")
    func restart() async throws {
        let (kit, registry) = try await registry()
        defer { kit.removeFolder() }
        for model in ["m", "n"] {
            try await set(registry, model, .retired)
            try await set(registry, model, .erased)
        }
        pass(kit, Self.day)
        #expect(try await kit.open().sweepArtifacts().count == 1)
        #expect(try kit.artifactFiles() == [])
    }

    @Test("stay while another process registered them, or brought them within a day")
    func othersVersions() async throws {
        let (kit, registry) = try await registry()
        defer { kit.removeFolder() }
        for model in ["m", "n"] {
            try await set(registry, model, .retired)
            try await set(registry, model, .erased)
        }
        pass(kit, 2 * Self.day)
        // No version names them yet. The disk's clock is not the registry's: it is years later.
        _ = try kit.artifacts.put(TinyModel.artifact())
        #expect(try await registry.sweepArtifacts() == [])
        try kit.dateArtifacts()
        let other = try await kit.open()
        _ = try await other.register(TinyModel.registration("later"))
        try kit.dateArtifacts()
        pass(kit, 2 * Self.day)
        #expect(registry.snapshot.models["later"] == nil)
        #expect(try await registry.sweepArtifacts() == [])
        #expect(try kit.artifactFiles().count == 1)
    }

    @Test("stay under legal hold, and while the version may be taken back")
    func held() async throws {
        let (kit, registry) = try await registry()
        defer { kit.removeFolder() }
        for model in ["m", "n"] {
            try await set(registry, model, .retired)
            try await set(registry, model, .erased)
        }
        func hold(_ isHeld: Bool, _ id: String) async throws {
            _ = try await registry.applyPolicy(
                .init(requestID: id, file: "model: n\nlegal_hold: \(isHeld)\naliases: {}"),
                by: "risk")
        }
        try await hold(true, "p-1")
        pass(kit, 2 * Self.day)
        #expect(try await registry.sweepArtifacts() == [])
        try await hold(false, "p-2")
        #expect(try await registry.sweepArtifacts().count == 1)
    }
}
