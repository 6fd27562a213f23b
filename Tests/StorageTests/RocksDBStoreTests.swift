import Foundation
import Storage
import Testing

@Suite struct RocksDBStoreTests {
    let directory = TemporaryDirectory()

    func open(_ families: [Family] = ["a", "b"]) throws -> RocksDBStore {
        try RocksDBStore(directory: directory.path, families: families)
    }

    func key(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test("a batch writes and deletes across families, and survives reopening")
    func batch() throws {
        let store = try open()
        var first = WriteBatch()
        first.put(key("k1"), [1], in: "a")
        first.put(key("k1"), [2], in: "b")
        first.put(key("k2"), [], in: "b")
        try store.write(first, sync: true)
        var second = WriteBatch()
        second.delete(key("k1"), in: "a")
        try store.write(second, sync: false)
        store.close()

        let again = try open()
        #expect(try again.get(key("k1"), in: "a") == nil)
        #expect(try again.get(key("k1"), in: "b") == [2])
        #expect(try again.get(key("k2"), in: "b") == [])
        #expect(try again.get([key("k2"), key("none"), key("k1")], in: "b") == [[], nil, [2]])
    }

    @Test("what is in memory is found without the disk; what may not be says so")
    func resident() throws {
        let store = try open()
        var batch = WriteBatch()
        batch.put(key("k1"), [1], in: "a")
        try store.write(batch, sync: true)
        #expect(try store.resident([key("k1"), key("none")], in: "a") == [[1], nil])
        try store.flush(["a"])
        // Nobody has read the file yet.
        #expect(try store.resident([key("k1")], in: "a") == nil)
        #expect(try store.get(key("k1"), in: "a") == [1])
        #expect(try store.resident([key("k1")], in: "a") == [[1]])
        store.close()
        #expect(throws: StorageError.self) { try store.resident([key("k1")], in: "a") }
    }

    @Test("a batch that names an unknown family writes nothing")
    func unknownFamily() throws {
        let store = try open()
        var batch = WriteBatch()
        batch.put(key("k"), [1], in: "a")
        batch.put(key("k"), [1], in: "nope")
        let error = #expect(throws: StorageError.self) { try store.write(batch, sync: true) }
        #expect(error?.code == .unknownFamily)
        #expect(try store.get(key("k"), in: "a") == nil)
    }

    @Test("scans follow the order of unsigned bytes, forwards and backwards, within their range")
    func scans() throws {
        let store = try open()
        let keys: [[UInt8]] = [[1], [1, 0], [1, 255], [2], [2, 7], [255], [255, 255]]
        var batch = WriteBatch()
        for (index, key) in keys.enumerated().reversed() {
            batch.put(key, [UInt8(index)], in: "a")
        }
        try store.write(batch, sync: false)

        func found(_ range: KeyRange, reversed: Bool = false, limit: Int = 100) throws -> [[UInt8]]
        {
            try store.rows("a", range, reversed: reversed, limit: limit).map(\.key)
        }
        #expect(try found(.all) == keys)
        #expect(try found(.all, reversed: true) == keys.reversed())
        #expect(try found(.prefix([1])) == [[1], [1, 0], [1, 255]])
        #expect(try found(.prefix([1]), reversed: true) == [[1, 255], [1, 0], [1]])
        #expect(try found(.prefix([255])) == [[255], [255, 255]])
        #expect(try found(KeyRange(from: [1, 0], to: [2])) == [[1, 0], [1, 255]])
        #expect(
            try found(KeyRange(from: [1, 0], to: [2]), reversed: true) == [[1, 255], [1, 0]])
        #expect(try found(.all, reversed: true, limit: 1) == [[255, 255]])
        #expect(try found(.prefix([9])) == [])
    }

    @Test("a directory opened twice says that it is locked")
    func locked() throws {
        let store = try open()
        let error = #expect(throws: StorageError.self) { _ = try open() }
        #expect(error?.code == .locked)
        store.close()
        #expect(throws: Never.self) { try open() }
    }

    @Test("a closed store refuses every call")
    func closed() throws {
        let store = try open()
        store.close()
        store.close()
        let error = #expect(throws: StorageError.self) { try store.get([1], in: "a") }
        #expect(error?.code == .closed)
    }

    @Test("families can be added later, and ones not named stay as they are")
    func families() throws {
        let store = try open(["a"])
        var batch = WriteBatch()
        batch.put([1], [1], in: "a")
        try store.write(batch, sync: true)
        store.close()
        let other = try open(["b"])
        #expect(try other.get([1], in: "b") == nil)
        other.close()
        #expect(try open(["a"]).get([1], in: "a") == [1])
    }

    @Test("a damaged directory is reported as an error")
    func corrupt() throws {
        let store = try open()
        store.close()
        let files = try FileManager.default.contentsOfDirectory(atPath: directory.path)
        let manifest = try #require(files.first { $0.hasPrefix("MANIFEST") })
        let url = URL(filePath: directory.path).appending(path: manifest)
        var bytes = try Data(contentsOf: url)
        for index in bytes.indices { bytes[index] ^= 0x5A }
        try bytes.write(to: url)
        let error = #expect(throws: StorageError.self) { _ = try open() }
        #expect(error?.code == .corrupt)
    }

    @Test("a path that cannot be a directory is an error with its reason")
    func notADirectory() {
        let error = #expect(throws: StorageError.self) {
            _ = try RocksDBStore(directory: "/proc/none/x", families: [])
        }
        #expect(error?.message.contains("/proc/none") == true)
    }
}
