from colortk import _cv2 as cv2

__all__ = ["cv2"]
