import FeatureCore
import FeatureEngine
import Testing

@Suite struct VectorLockTests {
    func compile(_ text: String, lock: String?) throws -> DefinitionSet {
        var texts = ["payments.yaml": text]
        texts[VectorLock.fileName] = lock
        return try DefinitionSources(texts).compile()
    }

    @Test("a version whose fingerprint differs from its lock does not compile")
    func locked() throws {
        let text = LanguageExample.base
        let lock = VectorLock(try compile(text, lock: nil)).text
        #expect(try compile(text, lock: lock).vectors.count == 1)
        // Another default of one position.
        let changed = text.replacing("as: major, default: 0}", with: "as: major, default: 1}")
        #expect(changed != text)
        do {
            _ = try compile(changed, lock: lock)
            Issue.record("it compiled")
        } catch let error as DefinitionError {
            #expect(error.problems.count == 1)
            #expect(
                error.description.contains("vector card_small@1 is not what it was")
                    && error.description.contains("vectors.lock:2:1"))
        }
        let next = changed.replacing("card_small@1", with: "card_small@2")
        #expect(try compile(next, lock: lock).vectors[0].version == 2)
    }

    @Test("a version that is gone stays locked")
    func kept() throws {
        let first = VectorLock(try compile(LanguageExample.base, lock: nil))
        let set = try compile(
            LanguageExample.base.replacing("card_small@1", with: "card_small@2"), lock: nil)
        #expect(
            VectorLock(set, after: first).fingerprints.keys.sorted() == [
                "card_small@1", "card_small@2",
            ])
    }

    @Test("a lock that is none is refused with the line")
    func damaged() throws {
        let lock = VectorLock(try compile(LanguageExample.base, lock: nil)).text
        for (old, new) in [("sha256:", "sha256:x"), (" = ", " "), ("sha256:", "md5:")] {
            #expect(throws: DefinitionError.self) {
                try VectorLock(lock.replacing(old, with: new), file: "vectors.lock")
            }
        }
        #expect(throws: DefinitionError.self) {
            try VectorLock(lock + lock, file: "vectors.lock")
        }
        #expect(try VectorLock("", file: "vectors.lock").fingerprints.isEmpty)
    }

    @Test("a list of grants adds purposes to features, by either of their names")
    func grants() throws {
        let text =
            LanguageExample.base + "allow: {credit: [card_txn_cnt_1h, is_new_merch, amount]}\n"
        let set = try compile(text, lock: nil)
        #expect(set.documentation["card_txn_cnt_1h"]?.purposes == [.aml, .credit, .fraud])
        #expect(set.documentation["cust_is_new_merch"]?.purposes == [.aml, .credit, .fraud])
        #expect(set.documentation["amount"]?.purposes == [.aml, .credit, .fraud])
        #expect(set.documentation["card_txn_cnt_24h"]?.purposes == [.aml, .fraud])
        for (old, new) in [("card_txn_cnt_1h, is", "card_txn_cnt_2h, is"), ("credit:", "credits:")]
        {
            #expect(throws: DefinitionError.self) {
                try compile(text.replacing(old, with: new), lock: nil)
            }
        }
    }
}
