import AssayMessages
import Foundation
import RPC
import Testing

@testable import ModelCore

@Suite("Registering versions")
struct RegisterTests {
    @Test("both example models are accepted and answer", arguments: Example.allCases)
    func examples(_ example: Example) async throws {
        let kit = try RegistryKit()
        defer { kit.removeFolder() }
        let registry = try await kit.open()
        let version = try await registry.register(try example.registration(model: "m"))
        #expect(version.number == 1)
        #expect(version.format == "xgboost-json")
        #expect(version.goldenRows >= 32)
        #expect(version.uploader == "ann")
        #expect(try kit.artifactFiles().map(\.lastPathComponent).count == 1)
        _ = try await registry.setAlias(.move("m", to: 1))
        #expect(registry.snapshot.generation == 2)
    }

    @Test("versions count 1, 2, 3 per model, equal files are stored once")
    func numbers() async throws {
        let kit = try RegistryKit()
        defer { kit.removeFolder() }
        let registry = try await kit.open()
        for number in 1...3 as ClosedRange<UInt32> {
            let request = try Example.credit.registration(model: "m", id: "r-\(number)")
            #expect(try await registry.register(request).number == number)
        }
        let other = try Example.credit.registration(model: "other")
        #expect(try await registry.register(other).number == 1)
        #expect(try kit.artifactFiles().count == 1)
    }

    @Test("the same request id answers the same and does nothing; for something else it is refused")
    func idempotent() async throws {
        let kit = try RegistryKit()
        defer { kit.removeFolder() }
        let registry = try await kit.open()
        let request = try Example.credit.registration(model: "m")
        let first = try await registry.register(request)
        kit.clock.withLock { $0 += 1_000 }
        #expect(try await registry.register(request) == first)
        #expect(registry.snapshot.versionCount == 1)
        var changed = request
        changed.actor = "eve"
        #expect(await refusal { try await registry.register(changed) }.code == .alreadyExists)
        // A day later the id is free again.
        kit.clock.withLock { $0 += 86_400_000 }
        #expect(try await registry.register(changed).number == 2)
    }

    @Test("a corrupt file is refused with byte and path, and nothing is stored")
    func corrupt() async throws {
        let kit = try RegistryKit()
        defer { kit.removeFolder() }
        let registry = try await kit.open()
        var request = try Example.credit.registration(model: "m")
        request.artifact = Array(request.artifact.dropLast(10))
        let error = await refusal { try await registry.register(request) }
        #expect(error.code == .invalidArgument)
        #expect(error.message == "artifact: byte 226389, $.learner: the file ends inside a string")
        guard case .badRequest(let violations) = error.details.first else {
            Issue.record("no violations")
            return
        }
        #expect(violations.first?.field == "artifact")
        #expect(try kit.artifactFiles().isEmpty)
        #expect(registry.snapshot.versionCount == 0)
        #expect(try await registry.rows.chains().isEmpty)
    }

    @Test("a golden row that is one unit off is refused")
    func golden() async throws {
        let kit = try RegistryKit()
        defer { kit.removeFolder() }
        let registry = try await kit.open()
        var request = try Example.credit.registration(model: "m")
        let margin = Float(request.manifest.goldenRows[5].margin[0])
        request.manifest.goldenRows[5].margin[0] = Double(margin.nextUp)
        let error = await refusal { try await registry.register(request) }
        #expect(error.code == .invalidArgument)
        #expect(error.message.hasPrefix("manifest.golden_rows[5].margin[0]: expected"))
        #expect(try kit.artifactFiles().isEmpty)
    }

    @Test("a manifest that does not fit the file is refused by field")
    func signature() async throws {
        let kit = try RegistryKit()
        defer { kit.removeFolder() }
        let registry = try await kit.open()
        func message(
            _ change: (inout AssayModelsV1.RegisterVersionRequest) -> Void
        ) async throws -> String {
            var request = try Example.credit.registration(model: "m")
            change(&request)
            let refused = request
            return await refusal { try await registry.register(refused) }.message
        }
        #expect(
            try await message { $0.manifest.inputs.removeLast() }
                == "manifest.inputs: the model has 17 inputs, the manifest 16")
        #expect(
            try await message { $0.manifest.inputs.swapAt(3, 4) }
                .hasPrefix("manifest.inputs[3]: the model calls this input \"purpose\""))
        #expect(
            try await message { $0.manifest.inputs[1].name = "checking_status" }
                == "manifest.inputs[1]: the name \"checking_status\" stands twice")
        #expect(
            try await message { $0.manifest.inputs[0].vocabulary = [] }
                .hasPrefix("manifest.inputs[0].vocabulary: checking_status: a category needs"))
        #expect(
            try await message { $0.manifest.inputs[1].kind = .unspecified }
                .hasPrefix("manifest.inputs[1].kind: duration_months: expected number"))
        #expect(
            try await message { $0.manifest.goldenRows[2].values.removeLast() }
                .hasPrefix("manifest.golden_rows[2]: values: expected 17 values"))
        #expect(
            try await message { $0.manifest.vectorFingerprint = [1, 2] }
                .hasPrefix("manifest.vector_fingerprint: expected 32 bytes"))
        #expect(try await message { $0.model = "No good" }.hasPrefix("model: expected a lower"))
        #expect(try await message { $0.requestID = "" }.hasPrefix("request_id: expected"))
    }
}
