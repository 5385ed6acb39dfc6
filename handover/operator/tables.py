"""What running processes say of themselves."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from handover.db import Base, UtcDateTime


class HeartbeatRow(Base):
    """One running process and when it last said that it runs."""

    __tablename__ = "heartbeat"

    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    process: Mapped[str] = mapped_column(String(120), primary_key=True)
    """Host and process number."""
    beat_at: Mapped[datetime] = mapped_column(UtcDateTime)
