import AssayMessages
import Foundation
import RPC
import Storage
import Testing

@testable import ModelCore

@Suite("The inspection of a registry", .serialized)
struct InspectionTests {
    private let experiment = """
        experiment: trial
        revision: 1
        epoch: 1
        owner: me@bank.example
        hypothesis: version 2 is better
        model: m
        alias: live
        unit: customer
        layer: all
        slots: {from: 0, to: 10000}
        allocation: 10000
        arms: [{name: control, version: 1, weight: 5000, control: true}, {name: challenger, version: 2, weight: 5000}]
        holdouts: [quiet]
        metrics: [{name: approved, role: primary, kind: proportion, event: decision.approved, better: higher}]
        """
    private let holdout = """
        holdout: quiet
        revision: 1
        share: 100
        owner: me@bank.example
        purpose: to compare with
        """

    private let shadow = """
        shadow: next
        revision: 1
        owner: me@bank.example
        model: m
        alias: live
        version: 2
        share: 10000
        budget: {pool: 2500, queue: 16}
        """

    /// A registry with rows of every kind.
    private func fill(_ kit: StoreKit) async throws {
        let registry = try await kit.open()
        for number in 1...3 {
            _ = try await registry.register(
                try Example.credit.registration(model: "m", id: "r-\(number)"))
        }
        let manifest = AssayModelsV1.Manifest(inputs: try Example.credit.manifest().inputs)
        let ensemble = EnsembleText.file(
            "mean", on: "margin", inputs: manifest.inputs.map(\.name), ["m 1"])
        _ = try await registry.register(
            .init(requestID: "r-4", model: "m", manifest: manifest, artifact: ensemble))
        _ = try await registry.setAlias(.move("m", to: 1, id: "a-1", alias: "live"))
        for (id, file) in [("h-1", holdout), ("e-1", experiment), ("w-1", shadow)] {
            _ = try await registry.applyExperiment(
                .init(requestID: id, file: file, reason: "try"), by: "ann")
        }
        _ = try await registry.setStatus(
            .init(
                requestID: "s-1", model: "m", version: 3, status: .suspended, reason: "odd",
                actor: "bob"), by: "")
        _ = try await registry.applyPolicy(
            .init(requestID: "p-1", file: "model: m\naliases: {live: {approvals: 1}}"), by: "risk")
        _ = try await registry.setAlias(.move("m", to: 1, id: "a-2", alias: "gone"))
        _ = try await registry.deleteAlias(
            .init(
                requestID: "d-1", model: "m", alias: "gone", expectedVersion: 1,
                expectedGeneration: 1, reason: "over", actor: "bob"))
    }

    private func inspect(_ kit: StoreKit) async throws -> InspectionReport {
        await RegistryInspection(try await kit.store(), kit.artifacts).run()
    }

    /// Every row of the store, requests too where they can be listed.
    private func rows(_ store: any RegistryStore) async throws -> [RegistryRow] {
        var rows: [RegistryRow] = []
        for kind in RowKind.known.sorted(by: { $0.name < $1.name }) {
            try await store.allRows(RegistryRange(kind)) { rows.append($0) }
        }
        return rows
    }

    @Test("what was written is found whole", arguments: StoreKind.allCases)
    func whole(_ kind: StoreKind) async throws {
        let kit = try await StoreKit(kind)
        try await fill(kit)
        let report = try await inspect(kit)
        #expect(report.findings == [])
        #expect(report.unreferenced == [] && report.artifacts == 2)
        #expect(report.events == 12 && report.chains == 3)
        await kit.close()
    }

    @Test("one flipped bit of any row is named by that row", arguments: StoreKind.allCases)
    func bits(_ kind: StoreKind) async throws {
        let kit = try await StoreKit(kind)
        try await fill(kit)
        let store = try await kit.store()
        var generator = SeededGenerator(seed: 7)
        var kinds: Set<String> = []
        for row in try await rows(store) {
            kinds.insert(row.key.kind.name)
            // The last one too: what follows a message could be overlooked.
            let last = row.value.count * 8 - 1
            for bit in [generator.index(below: row.value.count * 8), last] {
                var damaged = row.value
                damaged[bit / 8] ^= 1 << (bit % 8)
                try await write(row.key, damaged, store)
                let report = try await inspect(kit)
                #expect(
                    report.findings.contains { $0.place == "\(row.key)" },
                    "bit \(bit) of \(row.key): \(report.findings)")
                try await write(row.key, row.value, store)
            }
        }
        let expected = RowKind.known.filter { kind == .embedded || !$0.expires }
        #expect(kinds == Set(expected.map(\.name)))
        #expect(try await inspect(kit).findings == [])
        await kit.close()
    }

    private func write(
        _ key: RegistryKey, _ value: [UInt8]?, _ store: any RegistryStore
    ) async throws {
        var change = RegistryChange()
        change.writes[key] = .some(value)
        #expect(try await store.commit(change))
    }

    @Test("a row that is gone, and one that nobody wrote, are named")
    func missing() async throws {
        let kit = try await StoreKit(.embedded)
        try await fill(kit)
        let store = try await kit.store()
        for row in try await rows(store) where row.key.kind != .request {
            // The text of a file is kept for readers; nothing follows from it.
            if row.key.kind == .experimentFile { continue }
            try await write(row.key, nil, store)
            #expect(try await inspect(kit).findings.isEmpty == false, "\(row.key)")
            try await write(row.key, row.value, store)
        }
        let stray = RegistryKey(.alias, "m", "stray")
        let alias = AssayModelsV1.Alias(
            model: "m", alias: "stray", version: 9, generation: 1,
            movedAt: .init(nanosecondsSinceEpoch: 0))
        try await write(stray, alias.encoded(), store)
        let found = try await inspect(kit).findings.map(\.description)
        #expect(found.contains("alias stray of m: no event speaks of it"))
        #expect(found.contains("alias stray of m: it points to version 9, which is not there"))
        try await write(stray, nil, store)
        try await write(RegistryKey("alies", "m", "live"), [1], store)
        let places = try await inspect(kit).findings.map(\.place)
        #expect(places == ["rows of kind \"alies\"", "alies live of m"])
        await kit.close()
    }

    @Test("a flipped bit of a model file is named; a file that nobody needs is listed")
    func files() async throws {
        let kit = try await StoreKit(.embedded)
        try await fill(kit)
        let digest = ArtifactDigest(of: try Example.credit.artifact())
        let file = kit.artifacts.file(digest)
        let whole = try Data(contentsOf: URL(filePath: file))
        for bit in [0, 12_345, whole.count * 8 - 1] {
            var damaged = whole
            damaged[bit / 8] ^= 1 << (bit % 8)
            try damaged.write(to: URL(filePath: file))
            #expect(try await inspect(kit).findings.map(\.place) == ["artifact \(digest)"])
        }
        try FileManager.default.removeItem(atPath: file)
        #expect(try await inspect(kit).findings.count == 1)
        try whole.write(to: URL(filePath: file))
        let stray = try kit.artifacts.put([1, 2, 3])
        let report = try await inspect(kit)
        #expect(report.findings.isEmpty)
        #expect(report.unreferenced == [kit.artifacts.file(stray)])
        await kit.close()
    }
}
