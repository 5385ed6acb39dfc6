"""Wrapped data keys: what seals an agency's content, itself sealed under the agency's storage key."""

from datetime import datetime

from sqlalchemy import LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from handover.db import Base, UtcDateTime


class DataKeyRow(Base):
    """One data key of one agency; never changed, only added to (a later version takes over for what is new)."""

    __tablename__ = "data_key"

    agency: Mapped[str] = mapped_column(String(9), primary_key=True)
    purpose: Mapped[str] = mapped_column(String(16), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    storage_kid: Mapped[str] = mapped_column(String(43))
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
