"""The tasks of this project: what the flows do that no built-in task can."""

from __future__ import annotations

from typing import Any

from flowlang import TaskRegistry


def create_task_registry() -> TaskRegistry:
    """Every task of the project, by the name that the flows use."""
    registry = TaskRegistry()

    @registry.register("MakeProfile")
    def make_profile(row: dict[str, Any]) -> dict[str, Any]:
        """Make what others may see of a user out of their row in the database.

        Args:
            row: A row of the table `users`.

        Returns:
            Dict with 'profile': plain text, numbers and truth values, which JSON keeps as they are
        """
        last_seen = row["last_seen"]
        profile = {
            "id": row["id"],
            "name": row["name"],
            "initials": "".join(word[0] for word in row["name"].split()).upper(),
            "email": row["email"],
            "status": "active" if row["active"] else "away",
            "member_since": row["created_at"].date().isoformat(),
            "last_seen": last_seen.isoformat(timespec="seconds") if last_seen else None,
        }
        return {"profile": profile}

    @registry.register("MarkSeen")
    async def mark_seen(user_id: int, connection: Any) -> dict[str, Any]:
        """Note that somebody looked at a user just now.

        Args:
            user_id: Who was looked at.
            connection: The connection to PostgreSQL; the step says which.

        Returns:
            Dict with 'marked'
        """
        answer = await connection.execute("UPDATE users SET last_seen = now() WHERE id = $1", user_id)
        return {"marked": answer == "UPDATE 1"}

    return registry
