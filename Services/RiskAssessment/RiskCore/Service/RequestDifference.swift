internal import Foundation
internal import Wire

/// The fields in which two requests with the same id differ, as paths; never their values.
enum RequestDifference {
    static let maximumPaths = 20

    static func paths<Message: WireMessage>(
        _ stored: [UInt8], _ sent: [UInt8], as type: Message.Type
    ) -> [String] {
        guard let a = try? Message(decoding: stored, door: .strict),
            let b = try? Message(decoding: sent, door: .strict),
            let x = try? JSONSerialization.jsonObject(with: Data(a.json())),
            let y = try? JSONSerialization.jsonObject(with: Data(b.json()))
        else { return [] }
        var paths: [String] = []
        compare(x, y, "", &paths)
        return Array(paths.prefix(maximumPaths))
    }

    private static func compare(_ a: Any, _ b: Any, _ path: String, _ paths: inout [String]) {
        if let x = a as? [String: Any], let y = b as? [String: Any] {
            for key in Set(x.keys).union(y.keys).sorted() {
                let next = path + "/" + key
                if let left = x[key], let right = y[key] {
                    compare(left, right, next, &paths)
                } else {
                    paths.append(next)
                }
            }
        } else if let x = a as? [Any], let y = b as? [Any] {
            // A list is named as a whole: what moved in it has no path of its own.
            var inner: [String] = []
            for (left, right) in zip(x, y) { compare(left, right, path, &inner) }
            if x.count != y.count || !inner.isEmpty { paths.append(path) }
        } else if !isEqual(a, b) {
            paths.append(path)
        }
    }

    private static func isEqual(_ a: Any, _ b: Any) -> Bool {
        guard let x = a as? NSObject, let y = b as? NSObject else { return false }
        return x.isEqual(y)
    }
}
